import Hummingbird

/// Who makes a request, once that is known.
struct Caller: Sendable {
    let name: String
    let role: Role
    /// Nil: the admin token of the command line.
    let keyID: String?
    /// Nil: a key came with the request itself.
    var session: LoginSession?
}

/// What a request carries with it on its way to its handler.
struct APIContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// Set for all that needs one.
    var caller: Caller?

    init(source: Source) {
        coreContext = .init(source: source)
    }
}

extension Role: Comparable {
    static public func < (one: Role, other: Role) -> Bool { one.rank < other.rank }

    private var rank: Int {
        switch self {
        case .reader: 0
        case .operator: 1
        case .admin: 2
        }
    }
}
