import ProbeTesting

@testable import ProbeNative

/// A reactor with a resolver of its own settings.
struct ResolverBench: Sendable {
    let reactor: Reactor

    init(
        _ configuration: ResolverConfiguration, time: any TimeSource = SystemTime(),
        policy: any AddressPolicy = AllowAll()
    ) throws {
        reactor = try started(time)
        let reactor = reactor
        reactor.submit {
            reactor.install(Gate(reactor: reactor, policy: policy, descriptorLimit: 64))
            reactor.install(Resolver(reactor: reactor, configuration: configuration))
        }
    }

    init(_ servers: [SocketAddress], search: [String] = [], time: any TimeSource = SystemTime()) throws {
        try self.init(
            ResolverConfiguration(settings: .fixed(ResolverSettings(servers: servers, search: search))), time: time)
    }

    func stop() { reactor.stop() }

    func resolve(_ name: String, _ wanted: FamilyChoice = .v4) async -> Result<Resolution, ProbeFailure> {
        await on(reactor) { reactor in
            do throws(ProbeFailure) {
                let host: Host
                do { host = try Host(name) } catch { throw ProbeFailure(.queue, .invalidParameters, name) }
                return .success(
                    try await reactor.local(Resolver.self).resolve(
                        host, wanted, tool: "test", until: reactor.now + .seconds(3600)))
            } catch { return .failure(error) }
        }
    }

    func addresses(_ name: String, _ wanted: FamilyChoice = .v4) async -> [String] {
        await resolve(name, wanted).addresses
    }

    func code(_ name: String, _ wanted: FamilyChoice = .v4) async -> ErrorCode? { await resolve(name, wanted).code }

    var openDescriptors: Int { get async { await settledDescriptors(of: reactor) } }
}

extension Result where Success == Resolution, Failure == ProbeFailure {
    var addresses: [String] { (try? get())?.addresses.map(\.description) ?? [] }
    var fromCache: Bool? { (try? get())?.fromCache }
    var code: ErrorCode? { if case .failure(let failure) = self { failure.code } else { nil } }
}
