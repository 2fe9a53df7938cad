// The kernel's interfaces that Glibc's Swift module does not show, or shows only in part.
#ifndef PROBEOPS_CLINUX_H
#define PROBEOPS_CLINUX_H

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <linux/capability.h>
#include <linux/filter.h>
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

// The socket types are an enum that several C modules include; Swift shows it as of one of them, and in an optimized
// build that is not always Glibc.
static const int PROBE_SOCK_STREAM = SOCK_STREAM;
static const int PROBE_SOCK_DGRAM = SOCK_DGRAM;
static const int PROBE_SOCK_RAW = SOCK_RAW;
static const int PROBE_SOCK_NONBLOCK = SOCK_NONBLOCK;
static const int PROBE_SOCK_CLOEXEC = SOCK_CLOEXEC;

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

// capget(2) and capset(2) have no wrappers in glibc. Both act on the calling thread only.
static inline int probe_capabilities_get(uint64_t *effective, uint64_t *permitted) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
    if (syscall(SYS_capget, &header, data) != 0) return -1;
    *effective = (uint64_t)data[1].effective << 32 | data[0].effective;
    *permitted = (uint64_t)data[1].permitted << 32 | data[0].permitted;
    return 0;
}

// The inheritable set is left as it is.
static inline int probe_capabilities_set(uint64_t effective, uint64_t permitted) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
    if (syscall(SYS_capget, &header, data) != 0) return -1;
    data[0].effective = (uint32_t)effective;
    data[1].effective = (uint32_t)(effective >> 32);
    data[0].permitted = (uint32_t)permitted;
    data[1].permitted = (uint32_t)(permitted >> 32);
    return (int)syscall(SYS_capset, &header, data);
}

static const int PROBE_CAP_NET_RAW = CAP_NET_RAW;

// BPF_STMT and BPF_JUMP are initializer macros; opcodes are expressions of macros. Neither imports.
static const uint16_t PROBE_BPF_HEADER_LENGTH_TO_X = BPF_LDX | BPF_B | BPF_MSH;
static const uint16_t PROBE_BPF_LOAD_HALF = BPF_LD | BPF_H | BPF_ABS;
static const uint16_t PROBE_BPF_LOAD_WORD = BPF_LD | BPF_W | BPF_ABS;
static const uint16_t PROBE_BPF_LOAD_HALF_X = BPF_LD | BPF_H | BPF_IND;
static const uint16_t PROBE_BPF_LOAD_WORD_X = BPF_LD | BPF_W | BPF_IND;
static const uint16_t PROBE_BPF_LOAD_BYTE = BPF_LD | BPF_B | BPF_ABS;
static const uint16_t PROBE_BPF_LOAD_BYTE_X = BPF_LD | BPF_B | BPF_IND;
static const uint16_t PROBE_BPF_AND = BPF_ALU | BPF_AND | BPF_K;
static const uint16_t PROBE_BPF_SHIFT_LEFT = BPF_ALU | BPF_LSH | BPF_K;
static const uint16_t PROBE_BPF_ADD_X = BPF_ALU | BPF_ADD | BPF_X;
static const uint16_t PROBE_BPF_A_TO_X = BPF_MISC | BPF_TAX;
static const uint16_t PROBE_BPF_STORE = BPF_ST;
static const uint16_t PROBE_BPF_LOAD_STORED = BPF_LD | BPF_MEM;
static const uint16_t PROBE_BPF_JUMP_EQUAL = BPF_JMP | BPF_JEQ | BPF_K;
static const uint16_t PROBE_BPF_JUMP_GREATER = BPF_JMP | BPF_JGT | BPF_K;
static const uint16_t PROBE_BPF_JUMP_BITS = BPF_JMP | BPF_JSET | BPF_K;
static const uint16_t PROBE_BPF_RETURN = BPF_RET | BPF_K;
// Offsets from here on are counted from the network header: a raw ICMPv6 socket's filter sees the ICMPv6 header only.
static const uint32_t PROBE_BPF_NETWORK_HEADER = (uint32_t)SKF_NET_OFF;

// SO_ATTACH_FILTER copies the program; a later one replaces it in one step.
static inline int probe_attach_filter(int fd, struct sock_filter *program, uint16_t count) {
    struct sock_fprog value = {.len = count, .filter = program};
    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &value, sizeof value);
}

// What kind of socket a descriptor is; -1 when it is none.
static inline int probe_socket_kind(int fd, int *domain, int *type, int *protocol) {
    socklen_t length = sizeof(int);
    if (getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, protocol, &length) != 0) return -1;
    length = sizeof(int);
    if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, domain, &length) != 0) return -1;
    length = sizeof(int);
    return getsockopt(fd, SOL_SOCKET, SO_TYPE, type, &length);
}

// A signal whose only effect is EINTR in the thread it is sent to: the one way out of a library's select(2) that waits
// on a stepped wall clock. SIGRTMIN is a function call behind a macro.
static inline int probe_interrupt_signal(void) { return SIGRTMIN + 6; }

static void probe_ignore_interrupt(int signal) { (void)signal; }

static inline int probe_install_interrupt(void) {
    struct sigaction action = {.sa_handler = probe_ignore_interrupt};
    return sigaction(probe_interrupt_signal(), &action, NULL);
}

// A lane's thread takes no signal but the one above: ping_send fails on EINTR.
static inline int probe_block_all_but_interrupt(void) {
    sigset_t all;
    sigfillset(&all);
    sigdelset(&all, probe_interrupt_signal());
    return pthread_sigmask(SIG_SETMASK, &all, NULL);
}

#include "CLinuxHardening.h"
#include "CLinuxPackets.h"

#endif
