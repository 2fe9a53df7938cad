import CSpawn
import Foundation
import Glibc

/// One posix_spawn with three standard streams of ours and no other descriptor inherited.
struct Spawn: Sendable {
    let pid: pid_t
    let input: Int32
    let output: Int32
    let errors: Int32

    /// The program could not be started.
    struct Failed: Error, CustomStringConvertible {
        let description: String
    }

    init(command: [String], environment: [String: String]) throws {
        let input = try Self.pair { socketpair(AF_UNIX, Self.stream | Self.closeOnExec, 0, $0) }
        let output = try Self.pair { pipe2($0, O_CLOEXEC) }
        let errors = try Self.pair { pipe2($0, O_CLOEXEC) }
        defer { for end in [input.1, output.1, errors.1] { close(end) } }

        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input.1, 0)
        posix_spawn_file_actions_adddup2(&actions, output.1, 1)
        posix_spawn_file_actions_adddup2(&actions, errors.1, 2)
        posix_spawn_file_actions_addclosefrom_np(&actions, 3)

        var attributes = Self.attributes()
        defer { posix_spawnattr_destroy(&attributes) }
        var arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
        var variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0)=\($1)") } + [nil]
        defer { for string in arguments + variables { free(string) } }

        var pid: pid_t = 0
        let code = posix_spawnp(&pid, command[0], &actions, &attributes, &arguments, &variables)
        guard code == 0 else {
            for end in [input.0, output.0, errors.0] { close(end) }
            throw Failed(description: "cannot start \(command[0]): \(String(cString: strerror(code)))")
        }
        (self.pid, self.input, self.output, self.errors) = (pid, input.0, output.0, errors.0)
    }

    private static let stream = Int32(SOCK_STREAM.rawValue)
    private static let closeOnExec = Int32(SOCK_CLOEXEC.rawValue)

    /// An own process group, and signals as a program started from a shell has them: the test
    /// process may block or ignore some.
    private static func attributes() -> posix_spawnattr_t {
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        let flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
        posix_spawnattr_setflags(&attributes, Int16(flags))
        posix_spawnattr_setpgroup(&attributes, 0)
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        for signal in [SIGPIPE, SIGINT, SIGTERM, SIGHUP] { sigaddset(&signals, signal) }
        posix_spawnattr_setsigdefault(&attributes, &signals)
        return attributes
    }

    private static func pair(_ make: (UnsafeMutablePointer<Int32>) -> Int32) throws -> (Int32, Int32) {
        var ends: [Int32] = [-1, -1]
        guard make(&ends) == 0 else {
            throw Failed(description: "cannot make a pipe: \(String(cString: strerror(errno)))")
        }
        return (ends[0], ends[1])
    }
}
