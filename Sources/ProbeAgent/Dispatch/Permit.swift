import ProbeNative
import ProbeProtocol
import Synchronization

/// A running job's slot, given back when its holder ends: no exit path of a tool can leak it.
final class Permit: Sendable {
    private let release: @Sendable () -> Void

    init(release: @escaping @Sendable () -> Void) { self.release = release }

    deinit { release() }
}

/// Numbers a job's progress frames from 1.
final class ProgressNumbering: Sendable {
    private let requestID: String
    private let last = Atomic<Int>(0)

    init(_ requestID: String) { self.requestID = requestID }

    func next(_ partial: any Report) -> ProgressFrame {
        let sequence = last.wrappingAdd(1, ordering: .relaxed).newValue
        return ProgressFrame(requestID: requestID, sequence: sequence, partial: partial)
    }
}
