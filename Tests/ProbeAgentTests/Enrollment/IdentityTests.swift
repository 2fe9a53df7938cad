import Foundation
import ProbeNative
import ProbeTesting
import Testing

@testable import ProbeAgent

struct IdentityTests {
    private static let identity = Identity(
        nodeUUID: "6f1c", apiKey: Secret("pnode_5ecret"), backend: "https://b.example/x", name: "Köln \"3\"",
        region: "eu", registeredAt: WallTime(nanoseconds: 1_700_000_000_123_000_000))

    @Test func comesBackAsItWasKept() throws {
        let folder = try TemporaryFolder()
        let directory = try StateDirectory(folder.path)
        #expect(try directory.identity() == nil)
        for name in ["first", Self.identity.name] {
            var identity = Self.identity
            identity.name = name
            try identity.keep(in: directory)
            #expect(try directory.identity() == identity)
        }
        let path = folder.file("identity.json")
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        // Nothing temporary stays, and one that a crash has left is no hindrance.
        try folder.write("rest of a crash", to: "identity.json.new")
        try Self.identity.keep(in: directory)
        #expect(Set(try FileManager.default.contentsOfDirectory(atPath: folder.path)) == ["identity.json", "lock"])
    }

    @Test func isNeverShownWithItsKey() {
        #expect(!Self.identity.sentence.contains("5ecret") && !"\(Self.identity)".contains("5ecret"))
    }

    @Test(.enabled(if: OrdinaryUser.isAvailable, "\(OrdinaryUser.unavailableReason)"))
    func belongsToTheUserOfTheNode() throws {
        let folder = try TemporaryFolder()
        let user = ProcessUser(uid: 65_534, gid: 65_534)
        let directory = try StateDirectory(folder.file("state"), for: user)
        try Self.identity.keep(in: directory)
        let attributes = try FileManager.default.attributesOfItem(atPath: folder.file("state/identity.json"))
        #expect(attributes[.ownerAccountID] as? Int == 65_534 && attributes[.groupOwnerAccountID] as? Int == 65_534)
    }
}
