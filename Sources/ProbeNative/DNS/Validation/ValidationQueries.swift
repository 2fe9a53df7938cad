/// Asks for keys and delegations over the same way as the question itself, a bounded number of times.
final class ValidationQueries {
    /// A name of 34 labels (ip6.arpa) takes about 40.
    static let most = 96

    private let reactor: Reactor
    private let server: DNSServer
    private let transport: DNSTransport
    private let attempts: Int
    private let deadline: Instant
    private var options: DNSQuery.Options
    private let span: Span?
    private(set) var count = 0

    init(
        _ reactor: Reactor, _ server: DNSServer, _ transport: DNSTransport, _ options: DNSQuery.Options, attempts: Int,
        deadline: Instant, for span: Span? = nil
    ) {
        self.span = span
        self.reactor = reactor
        self.server = server
        self.transport = transport
        self.attempts = attempts
        self.deadline = deadline
        self.options = options
        self.options.wantsServerIdentity = false
        self.options.clientSubnet = nil
    }

    func ask(
        _ name: CanonicalName, _ type: DNSRecordType
    ) async throws(ValidationEnd) -> (code: DNSResponseCode, sections: RecordSets) {
        guard count < Self.most else {
            throw .stopped(
                ProbeFailure(.response, .resolveFailure, "The chain of trust takes more than \(Self.most) queries."))
        }
        count += 1
        do throws(ProbeFailure) {
            var query = try reactor.local(DNSWorkspace.self).query(DNSName(name), type, options)
            let share = (deadline - reactor.now) / (2 * attempts)
            let exchange = DNSExchange(
                reactor, server, attempts: attempts, patience: min(DNSTool.patience, share), deadline: deadline,
                for: span)
            exchange.keepsWire = true
            let reply = try await exchange.run(&query, over: transport)
            let code = reply.answer.responseCode
            guard code == .noError || code == .nameError else {
                throw ProbeFailure(
                    .response, code == .refused ? .resolveRefused : .resolveFailure,
                    "\(server.address) could not answer for \(name) \(type) (\(code)).")
            }
            return (code, try RecordSets(reply.wire ?? []))
        } catch {
            var failure = error
            failure.detail = "Validating: \(error.detail)"
            throw .stopped(failure)
        }
    }
}
