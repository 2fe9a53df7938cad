/// What a tcp job found (docs/tools/tcp.md), as far as it came.
public struct TCPReport: Report {
    public struct Step: Sendable, Hashable {
        /// Bytes said.
        public var sent: Int?
        public var expected: String?
        public var startsTLS = false
        /// From the step's begin to the last byte that it needed.
        public var duration: Duration?
        /// Whether the peer said what was expected; nil where nothing was.
        public var matched: Bool?
        /// What it said: up to the end of the matching line, or all of it.
        public var seen: [UInt8]?
    }

    public struct Security: Sendable, Hashable {
        public var version: String?
        public var cipher: String?
        public var isGood: Bool?
        /// Why the certificate is not good.
        public var complaint: String?
    }

    /// Bytes shown of what a step saw.
    static let longestSeen = 4096

    public var address: IPAddress?
    public var port: UInt16
    public var resolveTime: Duration?
    public var connectTime: Duration?
    public var tlsTime: Duration?
    public var security: Security?
    public var banner: [UInt8] = []
    public var received = 0
    public var steps: [Step] = []

    init(port: UInt16) { self.port = port }

    public func write(to writer: inout some ReportWriter) {
        writer.field("port", Int(port))
        writer.field("resolve_ms", resolveTime)
        writer.field("connect_ms", connectTime)
        writer.field("tls_ms", tlsTime)
        if let security {
            writer.object("tls") { writer in
                writer.field("protocol", security.version)
                writer.field("cipher", security.cipher)
                writer.field("verified", security.isGood)
                writer.field("verify_error", security.complaint)
            }
        }
        writer.field("bytes_received", received)
        let showsText = writer.admits(.text, "steps.seen")
        writer.field("banner", banner.isEmpty || !showsText ? nil : EscapedBytes.text(banner))
        writer.array("steps", steps) { writer, step in
            writer.field("sent_bytes", step.sent)
            if let expected = step.expected { writer.field("expect_regex", expected) }
            if step.startsTLS { writer.field("starttls", true) }
            writer.field("ms", step.duration)
            writer.field("matched", step.matched)
            if showsText { writer.field("seen", step.seen.map { EscapedBytes.text($0) }) }
        }
    }
}
