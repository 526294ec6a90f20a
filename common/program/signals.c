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

bool signals_next(int fd, struct signal_news *out)
{
    struct signalfd_siginfo info;

    if (read(fd, &info, sizeof info) != (ssize_t)sizeof info)
        return false;
    *out = (struct signal_news){ (int)info.ssi_signo, info.ssi_code == SI_KERNEL };
    return true;
}

bool signals_take(int fd)
{
    struct signal_news news;
    bool any = false;

    while (signals_next(fd, &news))
        any = true;
    return any;
}
