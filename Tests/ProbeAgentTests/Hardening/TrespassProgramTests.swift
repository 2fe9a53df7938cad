import Foundation
import Glibc
import ProbeAgent
import ProbeTesting
import Testing

/// What a hardened process must not be able to do, by trying: each attempt in a process of its own, hardened as a node.
struct TrespassProgramTests {
    enum Outcome: Sendable, Hashable {
        case works
        case refused(Int32)
        case dies(Int32)
    }

    @Test(arguments: Self.cases) func attempt(_ name: String, _ expected: Outcome) async throws {
        let (result, _) = try await Self.run(name)
        let outcome: Outcome?
        switch (result.status, result.lines.last) {
        case (.signal(let signal), _): outcome = .dies(signal)
        case (.code(0), "done"?): outcome = .works
        case (.code(0), let number?): outcome = Int32(number).map(Outcome.refused)
        default: outcome = nil
        }
        #expect(outcome == expected, "\(result)")
    }

    /// Landlock, where the kernel has it: the folder that was not named is closed even to root.
    @Test(arguments: ["read_elsewhere", "write_elsewhere", "write_hosts"])
    func filesThatWereNotNamedAreClosed(_ name: String) async throws {
        let (result, closed) = try await Self.run(name)
        if result.output.contains("landlock: on") {
            #expect(result.lines.last == "\(EACCES)", "\(result.output)")
        } else {
            // Then the report says why, and the files are as open as the user's rights make them.
            #expect(result.output.contains("landlock: not available: "), "\(result.output)")
        }
        #expect(FileManager.default.contents(atPath: closed.file("secret")) == Data("secret".utf8))
    }

    private static func run(_ name: String) async throws -> (Oracle.Result, closed: TemporaryFolder) {
        let (writable, closed) = (try TemporaryFolder(), try TemporaryFolder())
        try closed.write("secret", to: "secret")
        let result = try await Oracle.run(Places.product("probe-trespass"), [writable.path, closed.path, name])
        return (result, closed)
    }

    private static let cases: [(String, Outcome)] =
        [
            ("execve", .dies(SIGSYS)), ("execveat", .dies(SIGSYS)),
            ("clone", .refused(EPERM)), ("clone3", .refused(ENOSYS)),
            ("posix_spawn", .refused(EPERM)),
            ("thread", .works), ("abort", .dies(SIGABRT)),
            ("signal_parent", .refused(EPERM)), ("signal_itself", .works),
            ("ptrace", .dies(SIGSYS)), ("process_vm_readv", .dies(SIGSYS)), ("bpf", .dies(SIGSYS)),
            ("mount", .dies(SIGSYS)), ("unshare", .dies(SIGSYS)), ("setns", .dies(SIGSYS)),
            ("init_module", .dies(SIGSYS)),
            ("keyctl", .refused(ENOSYS)), ("io_uring_setup", .refused(ENOSYS)), ("userfaultfd", .refused(ENOSYS)),
            ("perf_event_open", .refused(ENOSYS)), ("setuid", .refused(ENOSYS)), ("capset", .refused(ENOSYS)),
            ("setrlimit_of_parent", .refused(EPERM)), ("tiocsti", .refused(ENOTTY)), ("pdeathsig", .refused(EINVAL)),
            ("socket_tcp4", .works), ("socket_udp6", .works), ("socket_route", .works),
            ("socket_audit", .refused(EAFNOSUPPORT)),
            ("socket_raw4", .refused(EPERM)), ("socket_raw6", .refused(EPERM)), ("socket_sctp", .refused(EPERM)),
            ("socket_packet", .refused(EAFNOSUPPORT)), ("socket_vsock", .refused(EAFNOSUPPORT)),
            ("socket_alg", .refused(EAFNOSUPPORT)),
            ("listen", .refused(EPERM)), ("getaddrinfo", .works),
            ("memory", .works), ("memory_that_is_written_and_run", .refused(EPERM)),
            ("read_hosts", .works), ("read_own_status", .works), ("write_where_it_may", .works),
            ("rename_where_it_may", .works),
        ] + older

    #if arch(x86_64)
        private static let older: [(String, Outcome)] = [
            ("fork", .refused(EPERM)), ("vfork", .refused(EPERM)), ("x32", .dies(SIGSYS)),
        ]
    #else
        private static let older: [(String, Outcome)] = []
    #endif
}
