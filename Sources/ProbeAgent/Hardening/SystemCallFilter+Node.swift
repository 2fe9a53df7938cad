import CLinux

#if canImport(Glibc)
    import Glibc
#endif

extension SystemCallFilter {
    /// What a node does after start-up, measured with strace over every tool (docs/internals/hardening.md).
    /// - Parameter listeners: sockets that listen already. listen(2) on them is skipped and answered with success, so that a
    ///   library may call it once more: nothing comes of it, also where another socket has taken over the number.
    static func node(listeners: [Int32] = []) -> SystemCallFilter {
        // The kernel remembers what it allows whatever the arguments (Linux 5.11); before, the order is the price.
        SystemCallFilter(
            [
                .allow(events), .allow(older), .allow(sockets), .allow(time), .allow(memory), .allow(threads),
                .allow(files),
            ]
                + (listeners.isEmpty ? [] : [.refuse([SYS_listen], with: 0, where: [.argument(0, in: listeners)])])
                + newSockets + itself + dangerous)
    }

    // MARK: - Allowed whatever the arguments

    private static let events = [
        SYS_epoll_pwait, SYS_epoll_ctl, SYS_epoll_create1, SYS_epoll_pwait2, SYS_timerfd_settime, SYS_timerfd_create,
        SYS_timerfd_gettime, SYS_eventfd2, SYS_ppoll, SYS_pselect6, SYS_pipe2, SYS_restart_syscall,
    ]

    private static let sockets = [
        SYS_sendto, SYS_recvfrom, SYS_sendmsg, SYS_recvmsg, SYS_sendmmsg, SYS_recvmmsg, SYS_connect, SYS_bind,
        SYS_getsockopt, SYS_setsockopt, SYS_getsockname, SYS_getpeername, SYS_shutdown, SYS_accept, SYS_accept4,
    ]

    private static let time = [
        SYS_clock_gettime, SYS_clock_getres, SYS_clock_nanosleep, SYS_nanosleep, SYS_gettimeofday, SYS_getrusage,
        SYS_times,
    ]

    /// Without mmap and mprotect: see `itself`.
    private static let memory = [
        SYS_futex, SYS_munmap, SYS_mremap, SYS_madvise, SYS_brk, SYS_msync, SYS_mincore, SYS_membarrier, SYS_getrandom,
    ]

    /// Signals, scheduling and questions about the process.
    private static let threads = [
        SYS_rt_sigprocmask, SYS_rt_sigaction, SYS_rt_sigreturn, SYS_rt_sigtimedwait, SYS_rt_sigpending,
        SYS_rt_sigsuspend, SYS_sigaltstack, SYS_set_robust_list, SYS_rseq, SYS_set_tid_address, SYS_exit,
        SYS_exit_group, SYS_sched_yield, SYS_sched_getaffinity, SYS_sched_getparam, SYS_sched_getscheduler,
        SYS_sched_get_priority_max, SYS_sched_get_priority_min, SYS_getcpu, SYS_getpriority, SYS_setpriority,
        SYS_getpid, SYS_getppid, SYS_gettid, SYS_getpgid, SYS_getsid, SYS_getuid, SYS_geteuid, SYS_getgid, SYS_getegid,
        SYS_getresuid, SYS_getresgid, SYS_getgroups, SYS_capget, SYS_uname, SYS_sysinfo,
    ]

    /// Which files, Landlock decides.
    private static let files = [
        SYS_read, SYS_write, SYS_readv, SYS_writev, SYS_pread64, SYS_pwrite64, SYS_preadv, SYS_pwritev, SYS_openat,
        SYS_close, SYS_close_range, SYS_lseek, SYS_fstat, SYS_newfstatat, SYS_statx, SYS_statfs, SYS_fstatfs,
        SYS_faccessat, SYS_faccessat2, SYS_readlinkat, SYS_getdents64, SYS_getcwd, SYS_fcntl, SYS_dup, SYS_dup3,
        SYS_flock, SYS_fsync, SYS_fdatasync, SYS_sync_file_range, SYS_ftruncate, SYS_truncate, SYS_fallocate,
        SYS_fadvise64, SYS_sendfile, SYS_copy_file_range, SYS_mkdirat, SYS_unlinkat, SYS_renameat, SYS_renameat2,
        SYS_linkat, SYS_symlinkat, SYS_fchmod, SYS_fchmodat, SYS_umask, SYS_utimensat,
    ]

    /// Calls that newer architectures never had: openat took the place of open, and so on.
    #if arch(x86_64)
        private static let older = [
            SYS_epoll_wait, SYS_epoll_create, SYS_poll, SYS_select, SYS_pipe, SYS_time, SYS_getpgrp, SYS_getrlimit,
            SYS_open, SYS_stat, SYS_lstat, SYS_access, SYS_readlink, SYS_dup2, SYS_mkdir, SYS_rmdir, SYS_unlink,
            SYS_rename, SYS_link, SYS_symlink, SYS_chmod,
        ]
        private static let forks = [SYS_fork, SYS_vfork]
    #else
        private static let older: [Int32] = []
        private static let forks: [Int32] = []
    #endif

    // MARK: - Allowed with some arguments

    /// TCP, UDP and ICMP's datagram sockets; the C library's netlink and name-service sockets. No raw ones: those that
    /// the node needs are open by now.
    private static let newSockets: [Rule] = [
        .allow(
            [SYS_socket],
            where: [
                .argument(0, in: [AF_INET, AF_INET6]),
                .argument(1, mask: 0xf, in: [PROBE_SOCK_STREAM, PROBE_SOCK_DGRAM]),
                .argument(2, in: [0, IPPROTO_ICMP, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMPV6].map { Int32($0) }),
            ]),
        .allow([SYS_socket], where: [.argument(0, in: [AF_NETLINK]), .argument(2, in: [0 /* NETLINK_ROUTE */])]),
        .allow([SYS_socket, SYS_socketpair], where: [.argument(0, in: [AF_UNIX])]),
        .refuse([SYS_socket, SYS_socketpair], with: EPERM, where: [.argument(0, in: [AF_INET, AF_INET6])]),
        .refuse([SYS_socket, SYS_socketpair], with: EAFNOSUPPORT),
        .refuse([SYS_listen], with: EPERM),
    ]

    /// Threads, but no processes; signals, but to itself; memory, but none that is written and run.
    private static let itself: [Rule] = [
        .allow([SYS_clone], where: [.argument(0, mask: PROBE_CLONE_THREAD, in: [Int32(PROBE_CLONE_THREAD)])]),
        .refuse([SYS_clone] + forks, with: EPERM),
        // Its flags are in memory, where a filter cannot look; the C library then takes clone.
        .refuse([SYS_clone3], with: ENOSYS),
        .allow([SYS_kill, SYS_tgkill], where: [.argument(0, in: [getpid()])]),
        .refuse([SYS_kill, SYS_tgkill], with: EPERM),
        .refuse(
            [SYS_mmap, SYS_mprotect], with: EPERM,
            where: [.argument(2, mask: UInt32(PROT_WRITE | PROT_EXEC), in: [PROT_WRITE | PROT_EXEC])]),
        .allow([SYS_mmap, SYS_mprotect]),
        .allow([SYS_prctl], where: [.argument(0, in: [PR_SET_NAME, PR_GET_NAME, PR_GET_DUMPABLE])]),
        .refuse([SYS_prctl], with: EINVAL),
        .allow([SYS_prlimit64], where: [.argument(0, in: [0, getpid()])]),
        .refuse([SYS_prlimit64], with: EPERM),
        .allow(
            [SYS_ioctl],
            where: [
                .argument(
                    1,
                    in: [
                        TCGETS, TCSETS, TCSETSW, TIOCGWINSZ, TIOCOUTQ, FIONREAD, FIONBIO, FIOCLEX, SIOCGIFNAME,
                        SIOCGIFINDEX, SIOCGIFMTU,
                    ])
            ]),
        .refuse([SYS_ioctl], with: ENOTTY),
    ]

    // MARK: - Nothing but an attack

    /// Starting a program, looking into another process, loading code into the kernel: no library does it by the way.
    private static let dangerous: [Rule] = [
        .kill([
            SYS_execve, SYS_execveat, SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_bpf, SYS_init_module,
            SYS_finit_module, SYS_delete_module, SYS_kexec_load, SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot,
            SYS_setns, SYS_unshare,
        ])
    ]
}
