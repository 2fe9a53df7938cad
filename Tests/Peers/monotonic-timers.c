/* Preloaded before libfaketime 0.9.10, which shifts absolute timers of CLOCK_MONOTONIC by the step of the wall clock even
 * with FAKETIME_DONT_FAKE_MONOTONIC=1: after a step back by an hour they would come an hour late, as on no real machine.
 * This timerfd_settime is the kernel's. */
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

int timerfd_settime(int descriptor, int flags, const struct itimerspec *next, struct itimerspec *previous) {
    return (int)syscall(SYS_timerfd_settime, descriptor, flags, next, previous);
}
