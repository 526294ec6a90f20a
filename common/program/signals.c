#include "common/program/signals.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

bool signals_open(const int *signals, int *fd, struct error *err)
{
    sigset_t set;

    sigemptyset(&set);
    for (; *signals != 0; signals++)
        sigaddset(&set, *signals);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    *fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    return *fd >= 0 ||
           error_set(err, ERROR_INTERNAL, "cannot wait for signals: %s", strerror(errno));
}

bool signals_take(int fd)
{
    struct signalfd_siginfo info;
    bool any = false;

    while (read(fd, &info, sizeof info) == (ssize_t)sizeof info)
        any = true;
    return any;
}
