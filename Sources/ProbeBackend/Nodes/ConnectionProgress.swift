import NIOConcurrencyHelpers

/// Whether a connection has authenticated: set by its conversation, asked by its watchdog.
final class ConnectionProgress: Sendable {
    private let state = NIOLockedValueBox(false)

    var isAuthenticated: Bool { state.withLockedValue { $0 } }

    func authenticated() {
        state.withLockedValue { $0 = true }
    }
}
