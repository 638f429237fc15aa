#include "core/link_over.h"

#include <cerrno>

#ifdef __linux__

#include <csignal>
#include <cstdio>

#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

namespace imagegs {

namespace {

struct Work {
    const char *file, *temporary, *target;
    LinkedOver done;
};

void take_steps(Work &work) {
    if (linkat(AT_FDCWD, work.file, AT_FDCWD, work.temporary, AT_SYMLINK_FOLLOW) != 0) {
        work.done.link = errno;
    } else if (std::rename(work.temporary, work.target) != 0) {
        work.done.rename = errno;
        unlink(work.temporary);
    }
}

// Runs in the helper, which may only make system calls.
int help(void *work) {
    setpgid(0, 0); // so that a signal to the group does not reach the helper
    take_steps(*static_cast<Work *>(work));
    return 0;
}

} // namespace

LinkedOver link_over(const char *file, const char *temporary, const char *target) {
    Work work{file, temporary, target, {}};
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); // so that the helper does not run Python's handlers
    alignas(64) char stack[16 << 10];
    // The helper sends this process no signal when it ends, so wait() does not find it; __WCLONE does.
    const int helper = clone(help, stack + sizeof stack, CLONE_VM | CLONE_VFORK, &work);
    if (helper < 0) {
        take_steps(work);
    } else {
        while (waitpid(helper, nullptr, __WCLONE) < 0 && errno == EINTR) {}
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    return work.done;
}

} // namespace imagegs

#else

imagegs::LinkedOver imagegs::link_over(const char *, const char *, const char *) { return {ENOSYS, 0}; }

#endif
