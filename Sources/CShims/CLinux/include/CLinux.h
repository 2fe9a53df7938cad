// The kernel's interfaces that Glibc's Swift module does not show, or shows only in part.
#ifndef PROBEOPS_CLINUX_H
#define PROBEOPS_CLINUX_H

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

// epoll_event is packed on x86-64, and its union does not import; a word in and a word out is all a reactor needs.
static inline int probe_epoll_ctl(int epoll, int operation, int fd, uint32_t events, uint64_t word) {
    struct epoll_event event = {.events = events, .data = {.u64 = word}};
    return epoll_ctl(epoll, operation, fd, &event);
}

static inline uint64_t probe_epoll_word(const struct epoll_event *event) { return event->data.u64; }

// EPOLLET is 1u << 31, a macro that does not import.
static const uint32_t PROBE_EPOLLIN = EPOLLIN;
static const uint32_t PROBE_EPOLLOUT = EPOLLOUT;
static const uint32_t PROBE_EPOLLERR = EPOLLERR;
static const uint32_t PROBE_EPOLLHUP = EPOLLHUP;
static const uint32_t PROBE_EPOLLRDHUP = EPOLLRDHUP;
static const uint32_t PROBE_EPOLLET = EPOLLET;

// Glibc's Swift module shows RLIMIT_NOFILE as an enum that getrlimit's import does not take.
static inline int probe_raise_descriptor_limit(uint64_t *limit) {
    struct rlimit value;
    if (getrlimit(RLIMIT_NOFILE, &value) != 0) return -1;
    if (value.rlim_cur != value.rlim_max) {
        struct rlimit wanted = {.rlim_cur = value.rlim_max, .rlim_max = value.rlim_max};
        if (setrlimit(RLIMIT_NOFILE, &wanted) == 0) value = wanted;
    }
    *limit = value.rlim_cur;
    return 0;
}

// pthread_setname_np is a GNU extension that Glibc's Swift module does not show.
static inline void probe_name_this_thread(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }

#endif
