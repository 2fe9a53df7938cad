// What a process gives up (capabilities(7), prctl(2), seccomp(2), landlock(7)). None of it has a wrapper in glibc, or only
// a variadic one, which Swift does not import. All of it acts on the calling thread and on threads that it starts later.
#ifndef PROBEOPS_CLINUX_HARDENING_H
#define PROBEOPS_CLINUX_HARDENING_H

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

// Needs CAP_SETPCAP unless the set is empty. The kernel knows where the numbers end: EINVAL.
static inline int probe_drop_bounding_set(void) {
    for (unsigned long number = 0;; number++) {
        int state = prctl(PR_CAPBSET_READ, number, 0, 0, 0);
        if (state < 0) return errno == EINVAL ? 0 : -1;
        if (state == 1 && prctl(PR_CAPBSET_DROP, number, 0, 0, 0) != 0) return -1;
    }
}

// Effective, permitted, inheritable and, with them, ambient.
static inline int probe_drop_all_capabilities(void) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
    memset(data, 0, sizeof data);
    return (int)syscall(SYS_capset, &header, data);
}

static inline int probe_no_new_privileges(void) { return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); }

// No core dump, and /proc/PID belongs to root: another process of the same user can neither trace this one nor read its
// memory and environment.
static inline int probe_not_dumpable(void) { return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }

// Real, effective and saved, because the caller is privileged. Groups go first: without CAP_SETGID they could not be
// changed any more.
static inline int probe_become(uid_t uid, gid_t gid) {
    if (setgroups(0, NULL) != 0) return -1;
    if (setgid(gid) != 0) return -1;
    return setuid(uid);
}

// Swift's runtime answers a crash by starting a program that prints a backtrace.
static inline int probe_default_crash_signals(void) {
    static const int signals[] = {SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGTRAP};
    for (size_t index = 0; index < sizeof signals / sizeof *signals; index++) {
        if (signal(signals[index], SIG_DFL) == SIG_ERR) return -1;
    }
    return 0;
}

// MARK: seccomp(2). A filter sees struct seccomp_data; of an argument this project looks at the low word only, which is
// all that the kernel takes of an int or unsigned int.
#if defined(__x86_64__)
static const uint32_t PROBE_AUDIT_ARCH = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
static const uint32_t PROBE_AUDIT_ARCH = AUDIT_ARCH_AARCH64;
#else
#error "the list of system calls is written for x86-64 and aarch64"
#endif
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the low word of an argument comes first");
static const uint32_t PROBE_SECCOMP_NUMBER = offsetof(struct seccomp_data, nr);
static const uint32_t PROBE_SECCOMP_ARCH = offsetof(struct seccomp_data, arch);
static const uint32_t PROBE_SECCOMP_ARGUMENTS = offsetof(struct seccomp_data, args);
static const uint32_t PROBE_SECCOMP_ALLOW = SECCOMP_RET_ALLOW;
static const uint32_t PROBE_SECCOMP_ERRNO = SECCOMP_RET_ERRNO;
static const uint32_t PROBE_SECCOMP_KILL = SECCOMP_RET_KILL_PROCESS;
// From here on x86-64 takes a number for one of the x32 ABI.
static const uint32_t PROBE_X32_BIT = 0x40000000;
static const uint16_t PROBE_BPF_JUMP = BPF_JMP | BPF_JA;
static const uint16_t PROBE_BPF_JUMP_AT_LEAST = BPF_JMP | BPF_JGE | BPF_K;
// CLONE_THREAD of linux/sched.h, which does not go with glibc's sched.h.
static const uint32_t PROBE_CLONE_THREAD = 0x00010000;

// For every thread (TSYNC). SPEC_ALLOW: before Linux 5.16 a filter would switch speculation off for the process, which
// is for processes that run strangers' code; this one runs none. Not LOG: glibc 2.36 tries clone3 for each thread, and
// each refusal would be a line in the kernel's log. More than 0 is the thread that could not be synchronized.
static inline int probe_install_system_call_filter(struct sock_filter *program, uint16_t count) {
    struct sock_fprog value = {.len = count, .filter = program};
    unsigned flags = SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_SPEC_ALLOW;
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &value);
}

// MARK: landlock(7), in the layout of ABI 6, which the headers of older systems lack. A kernel that knows less takes the
// longer structure where what it does not know is 0.
struct probe_landlock_ruleset {
    uint64_t handled_fs, handled_net, scoped;
};
struct probe_landlock_beneath {
    uint64_t allowed;
    int32_t parent;
} __attribute__((packed));

// The kernel's ABI; -1 with ENOSYS (not built in) or EOPNOTSUPP (not switched on).
static inline int probe_landlock_abi(void) { return (int)syscall(SYS_landlock_create_ruleset, NULL, 0, 1U); }

static inline int probe_landlock_create(const struct probe_landlock_ruleset *ruleset) {
    return (int)syscall(SYS_landlock_create_ruleset, ruleset, sizeof *ruleset, 0U);
}

// What may be a folder's right is no right of a file: `file_mask` is left of `allowed` where the path is none.
static inline int probe_landlock_allow(int ruleset, const char *path, uint64_t allowed, uint64_t file_mask) {
    int parent = open(path, 010000000 /* O_PATH, a GNU extension */ | O_CLOEXEC);
    if (parent < 0) return -1;
    struct stat info;
    int result = fstat(parent, &info);
    if (result == 0) {
        struct probe_landlock_beneath rule = {
            .allowed = S_ISDIR(info.st_mode) ? allowed : (allowed & file_mask), .parent = parent};
        result = (int)syscall(SYS_landlock_add_rule, ruleset, 1 /* LANDLOCK_RULE_PATH_BENEATH */, &rule, 0U);
    }
    int error = errno;
    close(parent);
    errno = error;
    return result;
}

static inline int probe_landlock_restrict(int ruleset) {
    return (int)syscall(SYS_landlock_restrict_self, ruleset, 0U);
}

#endif
