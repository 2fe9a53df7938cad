/// Which engine a ping gets: liboping on a quiet node, where it can do what is asked; else our own raw sockets; else a
/// datagram ICMP socket, which needs no capability. One that was asked for by name, or its failure.
struct EngineChoice {
    let lane: PingLane
    let parameters: PingParameters

    /// Why no address can be pinged at all, with how to change that; nil where one of some family can.
    func failure(in context: ProbeContext) -> ProbeFailure? {
        guard parameters.transport == .icmp else { return nil }
        var first: ProbeFailure?
        for family in IPAddress.Family.allCases {
            do throws(ProbeFailure) {
                _ = try name(for: family, in: context)
                return nil
            } catch {
                if first == nil { first = error }
            }
        }
        return first
    }

    nonisolated(nonsending) func engine(for address: IPAddress, in context: ProbeContext) async throws(ProbeFailure)
        -> any EchoEngine
    {
        guard parameters.transport == .icmp else { return TCPEngine(port: parameters.port) }
        let name = try name(for: address.family, in: context)
        let flow: EchoFlow
        switch name {
        case .auto, .liboping: return LaneEngine(lane: lane)
        case .raw:
            flow = try context.reactor.local(ICMPEngine.self).openEcho(to: address, rest: parameters.timeout)
        case .datagram:
            flow = try await DatagramEndpoint.openEcho(
                to: address, dontFragment: parameters.dontFragment, in: context)
        }
        return FlowEngine(name.rawValue, flow, dontFragment: parameters.dontFragment)
    }

    private func name(
        for family: IPAddress.Family, in context: ProbeContext
    ) throws(ProbeFailure) -> PingParameters.Engine {
        let lane = lane.failure(family)
        let raw = context.reactor.local(ICMPEngine.self).failure(family)
        switch parameters.engine {
        case .auto:
            let mayLane = lane == nil && !parameters.exceedsLiboping
            if mayLane, raw != nil || self.lane.isQuiet { return .liboping }
            if raw == nil { return .raw }
            if Gate.mayOpenPing(family) { return .datagram }
            throw lane ?? raw ?? .rawSocketsNotPermitted
        case .liboping: if let lane { throw lane }
        case .raw: if let raw { throw raw }
        case .datagram: break
        }
        return parameters.engine
    }
}
