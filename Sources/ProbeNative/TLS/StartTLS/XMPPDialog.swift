/// XMPP (RFC 6120 section 5), tag by tag: a piece ends with `>`. That is less than XML (a `>` in an attribute would be
/// taken for an end), and enough: no server writes one before TLS.
struct XMPPDialog: StartTLSDialog {
    private enum State { case stream, features, inFeatures, answer, closing }

    private static let namespace = "urn:ietf:params:xml:ns:xmpp-tls"
    private var state = State.stream
    private var isOffered = false
    let opening: [UInt8]
    let expects = StartTLSPiece.through(UInt8(ascii: ">"))

    /// - Parameter host: has no character that XML would need escaped (`Host` admits none).
    init(host: Host) {
        let name = host.description.hasSuffix(".") ? String(host.description.dropLast()) : host.description
        opening = Array(
            ("<?xml version='1.0'?><stream:stream to='\(name)' version='1.0' xmlns='jabber:client' "
                + "xmlns:stream='http://etherx.jabber.org/streams'>").utf8)
    }

    mutating func receive(_ piece: [UInt8]) -> StartTLSStep {
        guard let tag = Self.tag(String(decoding: piece, as: UTF8.self)) else {
            // Text within an element of the features (a mechanism's name) is nothing to us.
            return state == .inFeatures ? .more : .foreign
        }
        if tag.name == "stream:error" { return .refused("it answered with a stream error") }
        switch (state, tag.name) {
        case (.stream, "?xml"): return .more
        case (.stream, "stream:stream"):
            state = .features
            return .more
        case (.features, "stream:features") where tag.isEmpty: return .refused("it does not offer STARTTLS")
        case (.features, "stream:features"):
            state = .inFeatures
            return .more
        case (.inFeatures, "/stream:features"):
            guard isOffered else { return .refused("it does not offer STARTTLS") }
            state = .answer
            return .send(Array("<starttls xmlns='\(Self.namespace)'/>".utf8))
        case (.inFeatures, let name):
            isOffered = isOffered || name == "starttls"
            return .more
        case (.answer, "proceed"):
            state = .closing
            return tag.isEmpty ? .begin() : .more
        case (.answer, "failure"): return .refused("it answered with a failure")
        case (.closing, "/proceed"): return .begin()
        default: return .foreign
        }
    }

    /// `<name attributes/>`, with white space before it; nil for anything else.
    private static func tag(_ piece: String) -> (name: String, isEmpty: Bool)? {
        let text = piece.drop(while: \.isWhitespace)
        guard text.hasPrefix("<") else { return nil }
        let name = text.dropFirst().prefix { !$0.isWhitespace && $0 != ">" }
        let isEmpty = text.hasSuffix("/>")
        return (String(name.last == "/" ? name.dropLast() : name), isEmpty)
    }
}
