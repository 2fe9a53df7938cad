/// What the exchanges of a reactor share, so that each of them allocates little: a receive buffer that is used between
/// two suspensions only, a buffer for text, and encoded queries.
final class DNSWorkspace: ReactorLocal {
    /// The largest DNS message (RFC 1035 section 4.2.2), also behind TCP's length prefix.
    static let messageLimit = 65535

    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: messageLimit, alignment: 8)
    private var text: RecordText?
    /// Encoded by ldns for the root, by type and options: jobs are many and alike.
    private var templates: [DNSQuery.Template] = []
    private let random: RandomStock

    init(reactor: Reactor) { random = reactor.local(RandomStock.self) }

    deinit { buffer.deallocate() }

    private static let mostTemplates = 8

    /// The query that `DNSQuery(name, type, options)` is.
    /// - Throws: `local_resource_exhausted` when memory is out, at stage `request`.
    func query(
        _ name: DNSName, _ type: DNSRecordType, _ options: DNSQuery.Options
    ) throws(ProbeFailure) -> DNSQuery {
        if let known = templates.first(where: { $0.type == type && $0.options == options }) {
            return DNSQuery(name, like: known)
        }
        let template = try DNSQuery.Template(type, options)
        if templates.count == Self.mostTemplates { templates.removeFirst() }
        templates.append(template)
        return DNSQuery(name, like: template)
    }

    /// - Throws: `local_resource_exhausted`, or the answer's own defect at stage `response`.
    func decode(_ message: UnsafeRawBufferPointer) -> Result<DNSAnswer, ProbeFailure> {
        guard let text = text ?? RecordText() else {
            return .failure(
                ProbeFailure(.response, .localResourceExhausted, "The node has no memory to read the answer."))
        }
        self.text = text
        return DNSMessage.decode(message, text: text).mapError { ProbeFailure(.response, $0.code, $0.detail) }
    }

    /// From the kernel's generator: an id or a case that can be guessed lets strangers answer.
    func randomByte() -> UInt8 { random.nextByte() }
    func randomID() -> UInt16 { UInt16(randomByte()) << 8 | UInt16(randomByte()) }
}
