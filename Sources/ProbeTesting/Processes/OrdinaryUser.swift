import Foundation
import Glibc

/// Runs a built program as an ordinary user (uid 65534), with the raw-socket capability or without.
///
/// The program is copied to a folder which that user can enter: build folders often lie under a home
/// that nobody else may read. File capabilities are set on the copy.
public final class OrdinaryUser: Sendable {
    public static let uid = 65_534

    public struct Rights: Sendable {
        /// `setcap cap_net_raw+p` on the file.
        public var hasFileCapability = true
        /// NET_RAW in the bounding set; without it no program started from here can have it.
        public var isRawBounded = false
        public var noNewPrivileges = false

        public init(hasFileCapability: Bool = true, isRawBounded: Bool = false, noNewPrivileges: Bool = false) {
            self.hasFileCapability = hasFileCapability
            self.isRawBounded = isRawBounded
            self.noNewPrivileges = noNewPrivileges
        }
    }

    /// A folder that the user owns, for what the program writes.
    public let folder: TemporaryFolder
    private let copy: String
    private let rights: Rights

    /// True where the machine lets this user open datagram ICMP sockets (icmp(7)).
    public static var mayPing: Bool {
        let range = try? String(contentsOfFile: "/proc/sys/net/ipv4/ping_group_range", encoding: .utf8)
        let bounds = range?.split(whereSeparator: \.isWhitespace).compactMap { Int($0) } ?? []
        return bounds.count == 2 && bounds[0] <= uid && uid <= bounds[1]
    }

    public static var isAvailable: Bool { geteuid() == 0 }
    public static let unavailableReason = "running as another user needs root"

    public init(program: String, rights: Rights = Rights()) async throws {
        folder = try TemporaryFolder("probe-user", mode: 0o755)
        copy = folder.file((program as NSString).lastPathComponent)
        self.rights = rights
        try FileManager.default.copyItem(atPath: program, toPath: copy)
        try await Oracle.check("chmod", ["755", copy])
        try await Oracle.check("chown", ["\(Self.uid):\(Self.uid)", folder.path])
        if rights.hasFileCapability { try await Oracle.check("setcap", ["cap_net_raw+p", copy]) }
    }

    /// How often `command` execs before the program runs (setpriv, env): for `ProcessTrace`.
    public static let wrapperExecs = 2

    /// The command that runs the program with these arguments; its process is the program itself.
    public func command(_ arguments: [String] = []) -> [String] {
        var wrapper = ["setpriv", "--reuid=\(Self.uid)", "--regid=\(Self.uid)", "--clear-groups", "--inh-caps=-all"]
        if rights.isRawBounded { wrapper.append("--bounding-set=-net_raw") }
        if rights.noNewPrivileges { wrapper.append("--no-new-privs") }
        // setpriv keeps root's permitted set over the change of user; `env` is an exec in between that
        // loses it, or no_new_privs would let the program have what its starter still held.
        return wrapper + ["--", "env", copy] + arguments
    }

    public func start(_ arguments: [String] = [], environment: [String: String]? = nil) throws -> ChildProcess {
        try ChildProcess.start(command(arguments), environment: environment)
    }
}
