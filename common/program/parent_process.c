#include "common/program/parent_process.h"

#include <errno.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "common/base/fd.h"

/* Not prctl(PR_SET_PDEATHSIG): that signal comes when the thread that forked us ends, and runtimes
 * of other languages fork on threads that do not live long. */
bool parent_process_open(int *fd, struct error *err)
{
    const pid_t parent = getppid();

    if (parent == 0)
        return error_set(
            err, ERROR_UNAVAILABLE,
            "the parent process is outside of this container, where it cannot be seen");
    SCOPED(fd) int opened = pidfd_open(parent, 0);
    if (getppid() != parent)
        return error_set(err, ERROR_UNAVAILABLE, "the parent process has ended");
    if (opened < 0)
        return error_set(err, ERROR_UNAVAILABLE, "cannot watch the parent process: %s",
                         strerror(errno));
    *fd = opened;
    opened = -1;
    return true;
}
