// What a process gives up (capabilities(7), prctl(2)). None of it has a wrapper in glibc, or only a variadic one, which
// Swift does not import. All of it acts on the calling thread and on threads that it starts later.
#ifndef PROBEOPS_CLINUX_HARDENING_H
#define PROBEOPS_CLINUX_HARDENING_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <linux/capability.h>
#include <sys/prctl.h>
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

#endif
