import COping

/// One liboping object with its raw socket: sends a batch of echo requests of one family and waits for the replies.
/// Confined to one thread at a time.
final class EchoSocket {
    /// A batch's options: requests may share one only when they are equal in all of them.
    struct Options: Hashable, Sendable {
        var ttl: Int
        var tos: Int
        var size: Int
    }

    /// What one host of a batch came to: no latency where no reply came in time.
    enum Answer {
        case notSent(ProbeFailure)
        case awaited(latency: Duration?, ttl: Int?)
    }

    /// liboping builds packets in 4,096 bytes.
    static let maximumSize = 4000
    /// Tries to get a free ident from liboping before giving up.
    private static let identAttempts = 128

    let family: IPAddress.Family
    private let object: OpaquePointer
    private let fd: Int32
    private let idents: IdentRegister
    private var generator = SystemRandomNumberGenerator()
    private var ttl = 0
    private var tos = 0
    private var payload: [CChar] = [0]

    /// The object's first ping, to the loopback address, makes it open its socket.
    init(_ family: IPAddress.Family, idents: IdentRegister) throws(ProbeFailure) {
        self.family = family
        self.idents = idents
        guard let object = ping_construct() else {
            throw ProbeFailure(.request, .localResourceExhausted, "There is no memory for a ping object.")
        }
        do throws(ProbeFailure) {
            fd = try Self.warm(object, family)
        } catch {
            ping_destroy(object)
            throw error
        }
        self.object = object
    }

    deinit { ping_destroy(object) }

    /// Sends one echo request to each address (all different) and waits until each has answered or `timeout` is over.
    /// - Returns: an answer an address, in their order.
    func send(to addresses: [IPAddress], _ options: Options, timeout: Duration) -> [Answer] {
        var (hosts, awaited) = prepare(addresses, options)
        defer {
            let now = SystemTime().now
            for reply in awaited {
                if reply.cookie.count < EchoCookie.length {
                    idents.release(reply.ident, at: now, after: timeout)
                } else {
                    idents.release(reply.ident)
                }
            }
            for host in hosts where host.failure == nil { ping_host_remove(object, host.name) }
            // The next filter is charged beside this one (net.core.optmem_max): a large one must be gone by then.
            if awaited.count > 1 { try? Syscalls.attach(.nothing, to: fd) }
        }
        if awaited.isEmpty { return hosts.map { .notSent($0.failure ?? Self.noIdent) } }
        do throws(Errno) {
            try Syscalls.attach(PacketFilter(family, awaited), to: fd)
        } catch {
            let failure = error.failure(.request, "filtering replies")
            return hosts.map { .notSent($0.failure ?? failure) }
        }
        // What came in before the filter.
        Syscalls.drain(fd)
        // The call's time begins with the first host; the last one must not get less than its due.
        let allowance = Duration.microseconds(50) * (awaited.count - 1)
        var seconds = (timeout + allowance).inSeconds
        ping_setopt(object, PING_OPT_TIMEOUT, &seconds)
        probe_oping_begin_send()
        ping_send(object)
        var errors = [Int32](repeating: 0, count: hosts.count)
        let failures = Int(probe_oping_end_send(&errors, Int32(errors.count)))
        var failed = errors.prefix(failures)
        var iterator = ping_iterator_get(object)
        for index in hosts.indices where hosts[index].failure == nil {
            guard let host = iterator else { break }
            hosts[index].answer = answer(of: host, addresses[index], timeout, &failed)
            iterator = ping_iterator_next(host)
        }
        return hosts.map { $0.answer ?? .notSent($0.failure ?? Self.noIdent) }
    }

    private struct Host {
        var name: String
        var failure: ProbeFailure?
        var answer: Answer?
    }

    private static let noIdent = ProbeFailure(
        .request, .localResourceExhausted, "All ICMP identifiers are in use or resting: too many pings at once.")

    /// liboping ends a call at its timeout also when it has not come to all hosts yet.
    static let tooLate = ProbeFailure(
        .request, .localResourceExhausted, "The node was too busy to send an echo request within its timeout.")

    /// Adds the hosts to the object, each with an ident of its own and a random payload.
    private func prepare(_ addresses: [IPAddress], _ options: Options) -> (hosts: [Host], [PacketFilter.Awaited]) {
        set(options)
        var awaited: [PacketFilter.Awaited] = []
        let hosts = addresses.map { address -> Host in
            var host = Host(name: "\(address)")
            do throws(ProbeFailure) {
                let cookie = setPayload(options.size)
                let ident = try add(host.name)
                awaited.append(PacketFilter.Awaited(ident: ident, source: address, cookie: cookie))
            } catch { host.failure = error }
            return host
        }
        return (hosts, awaited)
    }

    private func set(_ options: Options) {
        if ttl != options.ttl {
            var value = Int32(options.ttl)
            ping_setopt(object, PING_OPT_TTL, &value)
            ttl = options.ttl
        }
        if tos != options.tos {
            var value = UInt8(truncatingIfNeeded: options.tos)
            ping_setopt(object, PING_OPT_QOS, &value)
            tos = options.tos
        }
    }

    /// The payload is a C string. Its first bytes are random: the reply to an earlier request with the same ident does
    /// not pass for this one's.
    private func setPayload(_ size: Int) -> [UInt8] {
        if payload.count != size + 1 {
            payload = (0..<size).map { CChar(0x20 + $0 % 0x5f) } + [0]
        }
        let length = size >= 8 ? 8 : size >= 4 ? 4 : 0
        // One system call's worth of randomness; no byte may be the NUL that ends the string.
        let random = UInt64.random(in: 0 ... .max, using: &generator)
        let cookie = (0..<length).map { max(1, UInt8(truncatingIfNeeded: random >> (8 * UInt64($0)))) }
        for (index, byte) in cookie.enumerated() { payload[index] = CChar(bitPattern: byte) }
        ping_setopt(object, PING_OPT_DATA, &payload)
        return cookie
    }

    private func add(_ name: String) throws(ProbeFailure) -> UInt16 {
        for _ in 0..<Self.identAttempts {
            guard ping_host_add(object, name) == 0 else {
                // The literal cannot be wrong: the host has no address of this family (AI_ADDRCONFIG).
                throw ProbeFailure(
                    .request, .networkUnreachable,
                    "This node cannot ping \(name): \(String(cString: ping_get_error(object))).")
            }
            if let ident = lastIdent(), idents.claim(ident, at: SystemTime().now) { return ident }
            ping_host_remove(object, name)
        }
        throw Self.noIdent
    }

    /// liboping appends to its list.
    private func lastIdent() -> UInt16? {
        var last: OpaquePointer?
        var iterator = ping_iterator_get(object)
        while let host = iterator {
            last = host
            iterator = ping_iterator_next(host)
        }
        return last.flatMap { UInt16(exactly: probe_oping_ident($0)) }
    }

    private func answer(
        of host: OpaquePointer, _ address: IPAddress, _ timeout: Duration, _ errors: inout ArraySlice<Int32>
    ) -> Answer {
        guard probe_oping_sent(host) > 0 else {
            guard let number = errors.popFirst() else { return .notSent(Self.tooLate) }
            return .notSent(Errno(rawValue: number).failure(.request, "sending an echo request to \(address)"))
        }
        let latency = probe_oping_latency(host)
        guard latency >= 0, latency <= timeout.inMilliseconds else { return .awaited(latency: nil, ttl: nil) }
        let ttl = probe_oping_reply_ttl(host)
        return .awaited(latency: .milliseconds(latency), ttl: ttl < 0 ? nil : Int(ttl))
    }
}
