import CLinux
import CSpawn
import Glibc

/// One thing that a hardened process should or should not be able to do. `body` returns 0 or an error number.
struct Attempt: Sendable {
    var name: String
    var body: @Sendable () -> Int32

    /// The system call by its number, past the C library.
    private static func call(_ name: String, _ number: Int32, _ arguments: Int...) -> Attempt {
        Attempt(name: name) {
            let all = arguments + Array(repeating: 0, count: 6 - arguments.count)
            let result = probe_system_call(Int(number), all[0], all[1], all[2], all[3], all[4], all[5])
            return result < 0 ? errno : 0
        }
    }

    private static func call(path: String, _ name: String, _ number: Int32, at position: Int) -> Attempt {
        Attempt(name: name) {
            path.withCString { text in
                var all = Array(repeating: 0, count: 6)
                all[position] = Int(bitPattern: text)
                return probe_system_call(Int(number), all[0], all[1], all[2], all[3], all[4], all[5]) < 0 ? errno : 0
            }
        }
    }

    private static func open(_ name: String, _ path: String, _ flags: Int32) -> Attempt {
        Attempt(name: name) {
            let file = Glibc.open(path, flags, 0o600)
            if file < 0 { return errno }
            close(file)
            return 0
        }
    }

    /// - Parameters:
    ///   - writable: a folder that the process may write to.
    ///   - closed: one that it may not even read.
    static func all(writable: String, closed: String) -> [Attempt] {
        programs + privileges + sockets + memory + files(writable, closed)
    }

    private static let programs: [Attempt] =
        [
            call(path: "/bin/true", "execve", SYS_execve, at: 0),
            call(path: "/bin/true", "execveat", SYS_execveat, at: 1),
            call("clone", SYS_clone, Int(SIGCHLD)),
            call("clone3", SYS_clone3, 0, 64),
            Attempt(name: "posix_spawn") {
                var pid: pid_t = 0
                var arguments: [UnsafeMutablePointer<CChar>?] = [strdup("true"), nil]
                return Glibc.posix_spawn(&pid, "/bin/true", nil, nil, &arguments, environ)
            },
            Attempt(name: "thread") {
                var thread = pthread_t()
                let result = pthread_create(&thread, nil, { _ in nil }, nil)
                if result == 0 { pthread_join(thread, nil) }
                return result
            },
            Attempt(name: "abort") { abort() },
            Attempt(name: "signal_parent") { kill(getppid(), 0) == 0 ? 0 : errno },
            Attempt(name: "signal_itself") { kill(getpid(), 0) == 0 ? 0 : errno },
        ] + older

    private static let privileges: [Attempt] = [
        call("ptrace", SYS_ptrace, 0),
        call("process_vm_readv", SYS_process_vm_readv, Int(getppid())),
        call("bpf", SYS_bpf),
        call("mount", SYS_mount),
        call("unshare", SYS_unshare, 0x1000_0000),
        call("setns", SYS_setns),
        call("init_module", SYS_init_module),
        call("keyctl", SYS_keyctl),
        call("io_uring_setup", SYS_io_uring_setup, 1),
        call("userfaultfd", SYS_userfaultfd),
        call("perf_event_open", SYS_perf_event_open),
        call("setuid", SYS_setuid),
        call("capset", SYS_capset),
        call("setrlimit_of_parent", SYS_prlimit64, Int(getppid()), 7),
        call("tiocsti", SYS_ioctl, 0, 0x5412),
        call("pdeathsig", SYS_prctl, 1, 9),
    ]

    private static func socket(_ name: String, _ domain: Int32, _ type: Int32, _ proto: Int = 0) -> Attempt {
        call(name, SYS_socket, Int(domain), Int(type), proto)
    }

    private static let sockets: [Attempt] = [
        socket("socket_tcp4", AF_INET, PROBE_SOCK_STREAM),
        socket("socket_udp6", AF_INET6, PROBE_SOCK_DGRAM | PROBE_SOCK_CLOEXEC),
        socket("socket_route", AF_NETLINK, PROBE_SOCK_RAW),
        socket("socket_audit", AF_NETLINK, PROBE_SOCK_RAW, 9),
        socket("socket_raw4", AF_INET, PROBE_SOCK_RAW, 1),
        socket("socket_raw6", AF_INET6, PROBE_SOCK_RAW, 58),
        socket("socket_sctp", AF_INET, PROBE_SOCK_STREAM, 132),
        socket("socket_packet", AF_PACKET, PROBE_SOCK_RAW),
        socket("socket_vsock", 40, PROBE_SOCK_STREAM),
        socket("socket_alg", 38, 5),
        Attempt(name: "listen") {
            let number = Glibc.socket(AF_INET, PROBE_SOCK_STREAM, 0)
            return Glibc.listen(number, 1) == 0 ? 0 : errno
        },
        Attempt(name: "getaddrinfo") {
            var found: UnsafeMutablePointer<addrinfo>?
            return getaddrinfo("localhost", "80", nil, &found) == 0 ? 0 : EIO
        },
    ]

    private static func map(_ name: String, _ protection: Int32) -> Attempt {
        call(name, SYS_mmap, 0, 4096, Int(protection), Int(MAP_PRIVATE | MAP_ANONYMOUS), -1)
    }

    private static let memory = [
        map("memory", PROT_READ | PROT_WRITE), map("memory_that_is_written_and_run", PROT_WRITE | PROT_EXEC),
    ]

    private static func files(_ writable: String, _ closed: String) -> [Attempt] {
        [
            open("read_hosts", "/etc/hosts", O_RDONLY),
            open("write_hosts", "/etc/hosts", O_WRONLY),
            open("read_own_status", "/proc/self/status", O_RDONLY),
            open("write_where_it_may", writable + "/new", O_WRONLY | O_CREAT),
            open("read_elsewhere", closed + "/secret", O_RDONLY),
            open("write_elsewhere", closed + "/new", O_WRONLY | O_CREAT),
            Attempt(name: "rename_where_it_may") {
                let (old, new) = (writable + "/a", writable + "/b")
                let file = Glibc.open(old, O_WRONLY | O_CREAT, 0o600)
                if file < 0 { return errno }
                close(file)
                return rename(old, new) == 0 && unlink(new) == 0 ? 0 : errno
            },
        ]
    }

    /// What only x86-64 has.
    #if arch(x86_64)
        private static let older = [
            call("fork", SYS_fork), call("vfork", SYS_vfork),
            // getpid in the numbering of the x32 ABI.
            call("x32", 0x4000_0000 | SYS_getpid),
        ]
    #else
        private static let older: [Attempt] = []
    #endif
}
