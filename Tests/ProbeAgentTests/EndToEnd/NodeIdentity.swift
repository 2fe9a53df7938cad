import ProbeTesting

/// Who the node is when a suite starts it: whoever runs the tests (root in CI), and an ordinary user whose copy of the
/// program has the raw-socket capability.
enum NodeIdentity: Sendable, CaseIterable {
    case starter
    case ordinary

    /// Both where the tests may start programs as another user; `NodePrivilegeTests` counts the skipping elsewhere.
    static var available: [NodeIdentity] { OrdinaryUser.isAvailable ? allCases : [.starter] }

    /// How often the command execs before the program runs.
    var wrapperExecs: Int { self == .ordinary ? OrdinaryUser.wrapperExecs : 0 }

    /// `body` gets what starts the node with given arguments.
    func with<Result>(_ body: (_ command: ([String]) -> [String]) async throws -> Result) async throws -> Result {
        switch self {
        case .starter:
            return try await body { [NodeProcess.program] + $0 }
        case .ordinary:
            let user = try await OrdinaryUser(program: NodeProcess.program)
            return try await body { user.command($0) }
        }
    }
}
