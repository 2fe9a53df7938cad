import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import ProbeNative

/// Says in words why TLS to the backend failed.
///
/// NIOSSL's error only says that the certificate did not verify. To learn which of the usual reasons it was, the
/// handshake is repeated with a verifier that looks at the chain and always says no: nothing is sent to that peer.
enum TLSFailure {
    static func explain(_ error: any Error, connector: WebSocketConnector) async -> String {
        let host = connector.backend.host
        switch error {
        case let error as NIOSSLExtraError where error == .failedToValidateHostname:
            return "The backend's certificate is not for \(host)."
        case NIOSSLError.handshakeFailed(let detail):
            guard "\(detail)".contains("CERTIFICATE_VERIFY_FAILED") else {
                return "TLS with the backend failed: \(detail)."
            }
            return await reason(connector)
        case NIOSSLError.uncleanShutdown: return "The backend cut the TLS connection."
        case ChannelError.connectTimeout: return "\(connector.backend.authority) did not open a WebSocket within 10 s."
        default: return "Connecting to \(connector.backend.authority) failed: \(WebSocketConnector.words(error))."
        }
    }

    private static func reason(_ connector: WebSocketConnector) async -> String {
        let host = connector.backend.host
        let chain = connector.group.any().makePromise(of: [NIOSSLCertificate].self)
        do {
            let context = try NIOSSLContext(configuration: .makeClientConfiguration())
            let channel = try await ClientBootstrap(group: connector.group)
                .connectTimeout(WebSocketConnector.connectLimit)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let handler = try NIOSSLClientHandler(
                            context: context, serverHostname: IPAddress(host) == nil ? host : nil,
                            customVerificationCallback: { certificates, verdict in
                                chain.succeed(certificates)
                                verdict.succeed(.failed)
                            })
                        try channel.pipeline.syncOperations.addHandler(handler)
                    }
                }
                .connect(host: host, port: connector.backend.port).get()
            channel.closeFuture.whenComplete { _ in chain.fail(ChannelError.eof) }
            return words(try await chain.futureResult.get(), at: connector)
        } catch {
            chain.fail(error)
            return "The backend's certificate could not be verified."
        }
    }

    private static func words(_ chain: [NIOSSLCertificate], at connector: WebSocketConnector) -> String {
        let now = Int64(SystemTime().wallTime.nanoseconds / 1_000_000_000)
        for certificate in chain {
            if Int64(certificate.notValidAfter) < now {
                return "The backend's certificate expired on \(day(Int64(certificate.notValidAfter)))."
            }
            if Int64(certificate.notValidBefore) > now {
                return "The backend's certificate is not valid before \(day(Int64(certificate.notValidBefore)))."
            }
        }
        return "The backend's certificate is signed by an authority that this node does not trust: "
            + "give the authority's certificate by --ca-file."
    }

    private static func day(_ seconds: Int64) -> String {
        String(WallTime(nanoseconds: seconds * 1_000_000_000).iso8601.prefix(10))
    }
}
