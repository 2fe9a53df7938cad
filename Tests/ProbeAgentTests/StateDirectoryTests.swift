import Foundation
import Testing

@testable import ProbeAgent

@Suite struct StateDirectoryTests {
    private let path = FileManager.default.temporaryDirectory.path + "/state-\(UUID().uuidString)"

    @Test func isMadeForItsOwnerAloneAndLocked() throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        do {
            let first = try StateDirectory(path)
            #expect(try permissions(path) == 0o700 && permissions(path + "/lock") == 0o600)
            let refused = #expect(throws: ConfigurationError.self) { try StateDirectory(path) }
            #expect(refused?.description.contains("in use by another process") == true)
            withExtendedLifetime(first) {}
        }
        // The lock went with its owner; rights that others had are taken away.
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
        let again = try StateDirectory(path)
        #expect(try permissions(again.path) == 0o700)
    }

    @Test func whatCannotBeUsedIsOneSentence() throws {
        for bad in ["/proc/none", "/etc/hostname", "/nowhere/below/this"] {
            let error = #expect(throws: ConfigurationError.self) { try StateDirectory(bad) }
            #expect(error?.description.hasPrefix("The state directory \(bad) cannot be ") == true)
        }
    }

    private func permissions(_ path: String) throws -> Int {
        try #require(FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int)
    }
}
