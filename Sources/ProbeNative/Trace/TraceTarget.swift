/// What traceroute and mtr have in common before and after their probes.
enum TraceTarget {
    /// The address to trace, checked against the policy.
    static func resolve(
        _ target: Host, _ parameters: TraceParameters, in context: ProbeContext
    ) async throws(ProbeFailure) -> (IPAddress, Resolution) {
        let resolution = try await context.resolve(target)
        guard let address = resolution.addresses.first else {
            throw ProbeFailure(.resolve, .noAddress, "\(target) has no address.")
        }
        try context.gate.check(context.request(.target, address, port: parameters.port), for: context.span)
        return (address, resolution)
    }

    /// Without the permission there is no use in looking up a name. A node may have one family alone.
    static func checkPermission(_ context: ProbeContext) throws(ProbeFailure) {
        let engine = context.reactor.local(ICMPEngine.self)
        let families = IPAddress.Family.allCases.filter(context.family.allows)
        let failures = families.compactMap { engine.failure($0) }
        if failures.count == families.count, let failure = failures.first { throw failure }
    }
}

extension TraceParameters {
    /// UDP needs no permission.
    func checkPermission(_ context: ProbeContext) throws(ProbeFailure) {
        if transport != .udp { try TraceTarget.checkPermission(context) }
    }
}

enum TraceVerdict {
    /// Why the target was not reached; nil when it was.
    /// - Parameter last: the last hop that was asked.
    static func failure(to address: IPAddress, _ answers: [TraceAnswer], _ last: Int?) -> ProbeFailure? {
        if answers.contains(where: { $0.kind == .target }) { return nil }
        if let refusal = answers.lazy.compactMap(\.failure).first { return refusal }
        guard !answers.isEmpty else {
            return ProbeFailure(.response, .noReply, "Nothing on the way to \(address) answered.")
        }
        let end = last.map { " within \($0) hops" } ?? ""
        return ProbeFailure(.response, .noReply, "\(address) was not reached\(end).")
    }
}
