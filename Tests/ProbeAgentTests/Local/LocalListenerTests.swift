import Foundation
import Glibc
import ProbeNative
import ProbeTesting
import Testing

@testable import ProbeAgent

struct LocalListenerTests {
    @Test func theSocketOfAnEndedProcessIsReplaced() throws {
        let folder = try TemporaryFolder("listener")
        let address = LocalAddress.unix(path: folder.file("s"))
        // Its file stays behind when the listener goes without a server, as after a kill.
        do { _ = try LocalListener(address) }
        #expect(FileManager.default.fileExists(atPath: folder.file("s")))
        _ = try LocalListener(address)
    }

    @Test func aLiveSocketIsRefused() throws {
        let folder = try TemporaryFolder("listener")
        let path = folder.file("s")
        let first = try LocalListener(.unix(path: path))
        let sentence = "The local server cannot listen on unix:\(path): another process serves it."
        #expect(throws: ConfigurationError(sentence)) { _ = try LocalListener(.unix(path: path)) }
        withExtendedLifetime(first) {}
    }

    @Test func aFileThatIsNoSocketIsLeftAlone() throws {
        let folder = try TemporaryFolder("listener")
        let path = folder.file("s")
        try Data("mine".utf8).write(to: URL(filePath: path))
        let sentence = "The local server cannot listen on unix:\(path): there is a file that is no socket."
        #expect(throws: ConfigurationError(sentence)) { _ = try LocalListener(.unix(path: path)) }
        #expect(FileManager.default.contents(atPath: path) == Data("mine".utf8))
    }

    @Test func onlyTheOwnFileIsRemoved() throws {
        let folder = try TemporaryFolder("listener")
        let path = folder.file("s")
        let first = try LocalListener(.unix(path: path))
        try FileManager.default.removeItem(atPath: path)
        let second = try LocalListener(.unix(path: path))
        first.removeFile()
        #expect(FileManager.default.fileExists(atPath: path))
        second.removeFile()
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test(arguments: [
        ("unix:/run/x.sock", "unix:/run/x.sock"), ("127.0.0.1:9100", "127.0.0.1:9100"),
        ("localhost:1", "127.0.0.1:1"), ("[::1]:9100", "[::1]:9100"), ("0.0.0.0:80", "0.0.0.0:80"),
    ])
    func addresses(_ text: String, _ shown: String) { #expect(LocalAddress(text)?.description == shown) }

    @Test(arguments: [
        "", "9100", ":9100", "example.com:80", "::1:80", "127.0.0.1:", "127.0.0.1:65536", "unix:",
        "unix:/" + String(repeating: "x", count: 107),
    ])
    func noAddresses(_ text: String) { #expect(LocalAddress(text) == nil) }
}
