// Replaces an existing file by a file without a name (O_TMPFILE of Linux).
#pragma once

namespace imagegs {

// The errno values of both steps, 0 for success. After 0 and 0 the file has the target's name.
struct LinkedOver {
    int link = 0;   // not 0: the file could not get a name, and nothing has changed
    int rename = 0; // not 0: the file could not get the target's name; it has no name and can get none any more
};

// file: a link that leads to it, /proc/self/fd/N. temporary: a free name in the target's folder.
//
// Linux can rename only a file with a name over a target, so the file has the temporary's name for a moment. A helper
// process takes both steps: a kill -9 of this process or of its group in between does not stop it, so the temporary
// never stays. The helper shares the memory of this process (as after vfork), so it costs nothing to start. It only
// makes system calls, and those who wait for children of their own do not see it. Where no process can be started, this
// one takes the steps. On other systems than Linux the error is ENOSYS.
LinkedOver link_over(const char *file, const char *temporary, const char *target);

} // namespace imagegs
