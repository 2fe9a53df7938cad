/// Finds out one port's state.
struct PortProbe {
    enum Result {
        case found(PortFinding, Answer)
        /// The node lacked what it takes, for the moment.
        case lacking(ProbeFailure)
        /// It will not work for other ports either.
        case failed(ProbeFailure)
        case cut
    }

    /// What is rarely there.
    struct Answer {
        var banner: [UInt8]?
        /// Who said so, where it was not the host itself.
        var sender: IPAddress?
        static let none = Answer()
    }

    /// Bytes of a banner.
    static let longestBanner = 512
    /// An unfinished line is not waited for any longer: it may be a prompt.
    private static let promptPause = Duration.milliseconds(250.0)

    let host: IPAddress
    let parameters: PortCheckParameters
    let context: ProbeContext

    func run(_ port: UInt16) async -> Result {
        do throws(ProbeFailure) {
            let address = SocketAddress(host, port: port)
            let socket = try await context.gate.open(
                parameters.transport, to: address, as: context.request(parameters.purpose, host, port: port),
                source: context.source, until: context.deadline)
            socket.keepICMPErrors(host.family)
            return parameters.transport == .tcp ? await tcp(port, address, socket) : await udp(port, address, socket)
        } catch {
            switch error.code {
            case .cancelled: return .cut
            case .localResourceExhausted: return .lacking(error)
            default: return .failed(error)
            }
        }
    }

    // MARK: TCP

    private func tcp(_ port: UInt16, _ address: SocketAddress, _ socket: Socket) async -> Result {
        // Nothing is left in TIME_WAIT, however it ends.
        defer { socket.closeWithReset() }
        let start = context.now
        let end = start + parameters.timeout
        let connection = await socket.tryConnect(to: address, until: end)
        let roundTrip = context.now - start
        switch connection {
        case .made:
            if let error = socket.takeICMPError(host.family) { return found(port, error, roundTrip) }
            if socket.localAddress == address {
                // The kernel chose the port that we were trying as our own, and connected the socket with itself (RFC
                // 9293 section 3.5). It does so only where nobody listens.
                return .found(PortFinding(port, PortVerdict(state: .closed, reason: .reset), roundTrip: nil), .none)
            }
            let finding = PortFinding(port, PortVerdict(state: .open, reason: .synAck), roundTrip: roundTrip)
            guard parameters.banner else { return .found(finding, .none) }
            return .found(finding, Answer(banner: await banner(socket, until: context.now + parameters.timeout)))
        case .timeout: return .found(PortFinding(port, .silent, roundTrip: nil), .none)
        case .cancelled: return .cut
        case .failed(let error, let isLocal):
            return failed(port, error, isLocal: isLocal, socket, roundTrip)
        }
    }

    /// Until a whole line is there: a service that says nothing first says nothing here.
    private func banner(_ socket: Socket, until end: Instant) async -> [UInt8]? {
        var bytes: [UInt8] = []
        do throws(ProbeFailure) {
            if let send = parameters.send { try await socket.send(send, until: end) }
            while bytes.count < Self.longestBanner, bytes.last != UInt8(ascii: "\n"), context.now < end {
                let pause = bytes.isEmpty ? end : min(end, context.now + Self.promptPause)
                let more = try await socket.receive(
                    atMost: Self.longestBanner - bytes.count, until: pause, timeout: .noReply)
                if more.isEmpty { break }
                bytes += more
            }
        } catch {
            // Silence, a reset, the job's end: what there is, is what there is.
        }
        return bytes.isEmpty ? nil : bytes
    }

    // MARK: UDP

    private func udp(_ port: UInt16, _ address: SocketAddress, _ socket: Socket) async -> Result {
        if case .failed(let error, _) = await socket.tryConnect(to: address, until: context.deadline) {
            return failed(port, error, isLocal: true, socket, .zero)
        }
        let payload = parameters.send ?? UDPRequests.request(for: port)
        let start = context.now
        // A lost datagram looks like a silent service: it is sent once more.
        for (attempt, wait) in [parameters.timeout / 2, parameters.timeout].enumerated() {
            do throws(Errno) {
                guard try Self.send(payload, socket) else { return .lacking(Self.full(address)) }
            } catch { return failed(port, error, isLocal: false, socket, attempt == 0 ? context.now - start : nil) }
            while true {
                do throws(Errno) {
                    if let bytes = try socket.tryReceive(atMost: Self.longestBanner) {
                        let roundTrip = attempt == 0 ? context.now - start : nil
                        let verdict = PortVerdict(state: .open, reason: .udpResponse)
                        let answer = Answer(banner: bytes.isEmpty ? nil : bytes)
                        return .found(PortFinding(port, verdict, roundTrip: roundTrip), answer)
                    }
                } catch {
                    return failed(port, error, isLocal: false, socket, attempt == 0 ? context.now - start : nil)
                }
                let reason = await socket.readable(until: start + wait)
                if reason == .cancelled { return .cut }
                if reason == .timeout { break }
            }
        }
        return .found(
            PortFinding(port, PortVerdict(state: .openFiltered, reason: .noResponse), roundTrip: nil), .none)
    }

    /// False when the send buffer is full.
    private static func send(_ payload: [UInt8], _ socket: Socket) throws(Errno) -> Bool {
        let result: Swift.Result<Int?, Errno> = payload.withUnsafeBytes { bytes in
            do throws(Errno) { return .success(try socket.trySend(bytes)) } catch { return .failure(error) }
        }
        return try result.get() != nil
    }

    private static func full(_ address: SocketAddress) -> ProbeFailure {
        ProbeFailure(.request, .localResourceExhausted, "The node's send buffer to \(address) is full.")
    }

    // MARK: Errors

    private func failed(
        _ port: UInt16, _ error: Errno, isLocal: Bool, _ socket: Socket, _ roundTrip: Duration?
    ) -> Result {
        if let said = socket.takeICMPError(host.family) { return found(port, said, roundTrip) }
        if let verdict = PortVerdict(error, isLocal: isLocal, over: parameters.transport) {
            return .found(PortFinding(port, verdict, roundTrip: isLocal ? nil : roundTrip), .none)
        }
        let failure = error.failure(.connect, "trying port \(port) of \(host)")
        return failure.code == .localResourceExhausted ? .lacking(failure) : .failed(failure)
    }

    private func found(_ port: UInt16, _ notice: ICMPNotice, _ roundTrip: Duration?) -> Result {
        let sender = notice.isFrom(host) ? nil : notice.sender
        return .found(
            PortFinding(port, PortVerdict(notice, about: host, over: parameters.transport), roundTrip: roundTrip),
            Answer(sender: sender))
    }
}
