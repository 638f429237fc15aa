// A file without a name (O_TMPFILE of Linux) takes the place of a file that exists.
#pragma once

namespace imagegs {

// Numbers of errors, 0 for none; 0 and 0: the file has the target's name.
struct LinkedOver {
    int link = 0;   // the file could not get a name: nothing has changed
    int rename = 0; // nor the target's: it has none, and can get none any more
};

// file: a link that leads to it, /proc/self/fd/N. temporary: a free name in the target's folder.
//
// Linux can rename over a target only what has a name, so the file has that of the temporary for a moment. A
// helper process takes both steps: a kill -9 of this process or of its group in between does not stop it, and
// the temporary is never left. The helper shares this process' memory (as after vfork), so that it costs nothing
// to make, calls the system only, and is not seen by those who wait for children of their own. Where no
// process can be made, this one takes the steps. Other systems than Linux: ENOSYS.
LinkedOver link_over(const char *file, const char *temporary, const char *target);

} // namespace imagegs
