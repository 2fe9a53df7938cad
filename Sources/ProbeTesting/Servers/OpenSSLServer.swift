import Foundation
import ProbeNative

/// OpenSSL's own `s_server` on loopback, which shows what it is told to: old versions, odd chains, stapled responses.
/// With `-rev` (the default) it sends each line back reversed; with `-www` it answers HTTP.
public final class OpenSSLServer: Sendable {
    public let port: Int
    private let process: ChildProcess
    private let folder: TemporaryFolder

    /// - Parameters:
    ///   - certificate: what it sends, and the key; nil: the arguments say.
    ///   - arguments: further ones of s_server(1).
    public init(
        _ certificate: CertificateFiles? = nil, _ arguments: [String] = [], address: String = "127.0.0.1",
        serving mode: String = "-rev"
    ) async throws {
        let folder = try TemporaryFolder()
        self.folder = folder
        let identity = try certificate.map { try Self.identity($0, in: folder) } ?? []
        process = try ChildProcess.start(
            "openssl", ["s_server", mode, "-accept", "\(address):0"] + identity + arguments)
        do {
            let line = try await process.output.next("ACCEPT") { $0.hasPrefix("ACCEPT ") }
            guard let port = line.split(separator: ":").last.flatMap({ Int($0) }) else {
                throw LoopbackServer.NotReady(description: line)
            }
            self.port = port
        } catch {
            await process.stop()
            throw LoopbackServer.NotReady(
                description: "s_server: \(error)\n\(process.errors.pending.joined(separator: "\n"))")
        }
    }

    /// `-cert` takes the first certificate of its file only, and `-cert_chain` is all that follows it.
    private static func identity(_ files: CertificateFiles, in folder: TemporaryFolder) throws -> [String] {
        let end = "-----END CERTIFICATE-----\n"
        let text = try String(contentsOfFile: files.chain, encoding: .utf8)
        let others = text.components(separatedBy: end).dropFirst().joined(separator: end)
        let chain = others.isEmpty ? [] : ["-cert_chain", try folder.write(others, to: "chain.pem")]
        return ["-cert", files.chain, "-key", files.key] + chain
    }

    /// What it said on its standard output after the line of its port.
    public var output: EventLog<String> { process.output }

    public func stop(signal: Int32 = 15) async { await process.stop(signal: signal) }
}
