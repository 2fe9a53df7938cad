/// Finds a registry's RDAP service and asks it, over the http tool's own exchange.
struct RDAPClient {
    private let context: ProbeContext
    private(set) var servers: [WhoisReport.Server] = []

    init(_ context: ProbeContext) { self.context = context }

    /// - Parameters:
    ///   - service: asked without looking for one.
    ///   - bootstrap: the folder with the lists of services.
    /// - Throws: `resolve_nxdomain` when the registry has no such record, `unsupported` when no service is known for it,
    ///   `protocol_error` for what is no RDAP answer; the http tool's own failures.
    mutating func ask(
        for target: WhoisTarget, at service: HTTPURL?, bootstrap: HTTPURL?
    ) async throws(ProbeFailure) -> (text: String, record: WhoisRecord) {
        let url: HTTPURL
        var purpose = Purpose.target
        if let service {
            url = service
        } else {
            url = try await find(target, in: bootstrap)
            purpose = .referral
        }
        let path =
            switch target {
            case .domain(let name): "domain/\(name)"
            case .address(let address): "ip/\(address)"
            case .autonomousSystem(let number): "autnum/\(number)"
            }
        let bytes = try await fetch(try Self.join(url.text, path), as: purpose, for: target)
        return (WhoisText.decode(Array(bytes.prefix(WhoisText.limit))), RDAPRecord.read(try json(bytes)))
    }

    private mutating func find(_ target: WhoisTarget, in bootstrap: HTTPURL?) async throws(ProbeFailure) -> HTTPURL {
        let folder = bootstrap?.text ?? WhoisParameters.bootstrapDefault
        let list = try Self.join(folder, RDAPServices.listName(for: target))
        let kept = context.reactor.local(RDAPBootstrap.self)
        let services: RDAPServices
        if let known = kept.list(list.text, at: context.now) {
            services = known
        } else {
            guard let read = RDAPServices(try json(try await fetch(list, as: .target, for: nil))) else {
                throw spoiled("\(list) is no list of RDAP services.")
            }
            kept.keep(read, of: list.text, at: context.now)
            services = read
        }
        guard let service = services.service(for: target) else {
            throw ProbeFailure(.response, .unsupported, "No RDAP service is known for \(target).")
        }
        return try Self.join(service.hasSuffix("/") ? service : service + "/", "")
    }

    /// - Parameter target: what a 404 is about; nil: nothing that may be missing.
    private mutating func fetch(
        _ url: HTTPURL, as purpose: Purpose, for target: WhoisTarget?
    ) async throws(ProbeFailure) -> [UInt8] {
        var reader = ParameterReader([
            .init("headers", .object([.init("Accept", .string("application/rdap+json, application/json"))])),
            .init("include_body", .bool(true)), .init("body_limit", .integer(Int64(JSONDocument.limit))),
            .init("max_redirects", .integer(5)),
        ])
        let exchange = HTTPExchange(url, HTTPParameters(&reader), context, as: purpose)
        let outcome = await exchange.run()
        var server = WhoisReport.Server(name: url.text)
        server.address = outcome.resolvedAddress
        let report = outcome.report as? HTTPReport
        server.response = report?.phases.total
        server.resolve = report?.phases.dns
        server.connect = report?.phases.connect
        server.byteCount = report?.bodyCount
        var failure = outcome.failure
        if report?.last.status == 404, let target {
            failure = ProbeFailure(.response, .resolveNXDomain, "\(url.host) has no record of \(target).")
        }
        if failure == nil, report?.isTruncated == true {
            failure = ProbeFailure(
                .body, .bodyTooLarge, "\(url.host) sent an answer of more than \(JSONDocument.limit) bytes.")
        }
        server.failure = failure
        servers.append(server)
        if let failure { throw failure }
        return report?.body ?? []
    }

    private static func join(_ folder: String, _ path: String) throws(ProbeFailure) -> HTTPURL {
        do throws(InvalidInput) { return try HTTPURL(target: folder + path) } catch {
            throw ProbeFailure(.response, .protocolError, "The list of RDAP services names one that is no URL.")
        }
    }

    private mutating func json(_ bytes: [UInt8]) throws(ProbeFailure) -> ParameterValue {
        do throws(MalformedMessage) { return try JSONDocument.read(bytes) } catch {
            throw spoiled("The RDAP answer cannot be read: \(error)")
        }
    }

    /// What the server asked last is to blame for.
    private mutating func spoiled(_ detail: String) -> ProbeFailure {
        let failure = ProbeFailure(.body, .protocolError, detail)
        if let last = servers.indices.last { servers[last].failure = failure }
        return failure
    }
}
