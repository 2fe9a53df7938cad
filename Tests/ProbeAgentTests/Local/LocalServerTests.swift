import Foundation
import Glibc
import Logging
import ProbeNative
import ProbeTesting
import ServiceLifecycle
import Testing

@testable import ProbeAgent

/// The node's own small HTTP server, asked by the client of `probe-agent status` and by curl.
struct LocalServerTests {
    private static let routes = [
        LocalRoute("GET", "/hello") { request in .text("hello \(request.parameter("name") ?? "")") },
        LocalRoute("POST", "/echo") { request in LocalResponse(contentType: "text/plain", body: request.body) },
        LocalRoute("GET", "/parts") { _ in
            LocalResponse(contentType: "text/plain", parts: (1...1000).lazy.map { Array("part \($0)\n".utf8) })
        },
        LocalRoute("GET", "/never") { _ in
            try? await Task.sleep(for: .seconds(3600))
            return .text("late")
        },
    ]

    @Test func answersOnAUnixSocket() async throws {
        let folder = try TemporaryFolder("local")
        let path = folder.file("s")
        try await Self.serving([.unix(path: path)]) { _ in
            var status = stat()
            #expect(lstat(path, &status) == 0 && status.st_mode == S_IFSOCK | 0o600)
            let client = LocalClient(path: path)
            var answers: [String] = []
            for (method, target) in [("GET", "/hello?name=you"), ("POST", "/hello"), ("GET", "/none")] {
                answers.append(try await client.answer(method, target))
            }
            #expect(
                answers == [
                    "200 hello you\n", "405 That path takes GET only.\n",
                    "404 There is nothing at that path; there is: /hello /echo /parts /never.\n",
                ])
        }
        #expect(!FileManager.default.fileExists(atPath: path), "the socket is removed at the end")
    }

    @Test(arguments: ["127.0.0.1:0", "[::1]:0"]) func answersOverTCP(_ text: String) async throws {
        try await Self.serving([try #require(LocalAddress(text))]) { listeners in
            let url = "http://\(listeners[0].address)"
            let result = try await Oracle.run(
                "/usr/bin/curl", ["-sS", "-g", "-i", "--data-binary", "12345", url + "/echo"])
            #expect(result.output.hasPrefix("HTTP/1.1 200 OK\r\n"), "\(result)")
            #expect(result.output.contains("\r\nConnection: close\r\n") && result.output.contains("\r\n12345"))
        }
    }

    @Test(arguments: ["--http1.1", "--http1.0"]) func anAnswerInPartsArrivesWhole(_ version: String) async throws {
        try await Self.serving([try #require(LocalAddress("127.0.0.1:0"))]) { listeners in
            let page = try await Oracle.check(
                "/usr/bin/curl", ["-sS", "--fail", version, "http://\(listeners[0].address)/parts"])
            #expect(page == (1...1000).map { "part \($0)\n" }.joined())
        }
    }

    @Test func parametersAreDecoded() {
        let request = LocalRequest(query: "a=%68ttps%3A%2F%2Fx%2F%3Fy%3Dz&b=1+2&%63=%&d=%ff&e=", body: [])
        #expect(request.parameter("a") == "https://x/?y=z" && request.parameter("b") == "1 2")
        #expect(request.parameter("c") == "%" && request.parameter("d") == nil && request.parameter("e") == "")
        #expect(request.parameter("f") == nil)
    }

    @Test func aRequestTooLargeIsRefused() async throws {
        let folder = try TemporaryFolder("local")
        let large = folder.file("large")
        try Data(count: 70_000).write(to: URL(filePath: large))
        try await Self.serving([.unix(path: folder.file("s"))]) { _ in
            let result = try await Oracle.run(
                "/usr/bin/curl",
                [
                    "-sS", "-H", "Expect:", "--unix-socket", folder.file("s"), "--data-binary", "@\(large)",
                    "http://node/echo",
                ])
            #expect(result.output == "The request is larger than 64 KiB.\n", "\(result)")
        }
    }

    @Test func whatIsNoHTTPIsAnsweredBadRequest() async throws {
        let folder = try TemporaryFolder("local")
        try await Self.serving([.unix(path: folder.file("s"))]) { _ in
            let client = try RawClient(folder.file("s"))
            client.write("what?\r\n\r\n")
            #expect(await client.readAll().hasPrefix("HTTP/1.1 400"))
        }
    }

    /// Neither who says nothing nor a route that hangs keeps a connection.
    @Test func aConnectionHasItsTime() async throws {
        let folder = try TemporaryFolder("local")
        try await Self.serving([.unix(path: folder.file("s"))], timeout: .milliseconds(300)) { _ in
            let silent = try RawClient(folder.file("s"))
            let hanging = try RawClient(folder.file("s"))
            hanging.write("GET /never HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(await silent.readAll() == "")
            #expect(await hanging.readAll() == "")
        }
    }

    @Test func connectionsAreBounded() async throws {
        let folder = try TemporaryFolder("local")
        let path = folder.file("s")
        try await Self.serving([.unix(path: path)], timeout: .seconds(60)) { _ in
            var held: [RawClient] = []
            for _ in 0..<LocalServer.mostConnections { held.append(try RawClient(path)) }
            let oneMore = try RawClient(path)
            #expect(await oneMore.readAll() == "")
            held = []
            // The places come free a moment after their holders have gone.
            var answer: String?
            while answer == nil { answer = try? await LocalClient(path: path).answer("GET", "/hello") }
            #expect(answer == "200 hello \n")
        }
    }

    // MARK: -

    /// Runs `body` beside a server, and ends that gracefully.
    private static func serving(
        _ addresses: [LocalAddress], timeout: Duration = .seconds(10), _ body: ([LocalListener]) async throws -> Void
    ) async throws {
        let listeners = try addresses.map { try LocalListener($0) }
        let server = LocalServer(listeners, routes: routes, timeout: timeout)
        let group = ServiceGroup(services: [server], logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        async let ended: Void = group.run()
        do { try await body(listeners) } catch {
            await group.triggerGracefulShutdown()
            throw error
        }
        await group.triggerGracefulShutdown()
        try await ended
    }
}

extension LocalClient {
    /// The status and the body, without keeping a thread of the tests' pool, which the server's routes need.
    func answer(_ method: String, _ target: String) async throws -> String {
        let result = await onThread { () -> Result<Reply, Unreachable> in
            do throws(Unreachable) { return .success(try ask(method, target)) } catch { return .failure(error) }
        }
        let reply = try result.get()
        return "\(reply.status) " + String(decoding: reply.body, as: UTF8.self)
    }
}

/// A connection that says what the test wants.
private final class RawClient: Sendable {
    private let socket: Int32

    init(_ path: String) throws {
        let address = try #require(UnixAddress(path: path))
        let socket = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | O_CLOEXEC, 0)
        self.socket = socket
        try #require(address.withSockAddr { connect(socket, $0, $1) } == 0)
    }

    deinit { close(socket) }

    func write(_ text: String) { _ = send(socket, text, text.utf8.count, Int32(MSG_NOSIGNAL)) }

    func readAll() async -> String {
        await onThread { [self] in
            var bytes: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 4096)
            while case let count = recv(socket, &buffer, buffer.count, 0), count > 0 { bytes += buffer.prefix(count) }
            return String(decoding: bytes, as: UTF8.self)
        }
    }
}
