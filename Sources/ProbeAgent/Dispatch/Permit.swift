/// A running job's slot, given back when its holder ends: no exit path of a tool can leak it.
final class Permit: Sendable {
    private let release: @Sendable () -> Void

    init(release: @escaping @Sendable () -> Void) { self.release = release }

    deinit { release() }
}
