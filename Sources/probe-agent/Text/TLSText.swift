import ProbeNative

/// A tls report as text: what was negotiated, the verdict, one card a certificate, then what else there is to know.
enum TLSText {
    static func render(_ report: TLSReport, result: ProbeResult, color: Bool) -> String {
        let style = Style(color: color)
        var lines = [heading(report, result, style)]
        if let greeting = report.startTLS?.greeting {
            lines.append("  " + style.faint("\(greeting.printable().prefix(100))"))
        }
        lines += negotiated(report, style)
        lines += verdict(report, result, style)
        for (depth, certificate) in report.chain.enumerated() {
            lines += [""] + card(certificate, depth, at: report.seenAt, style)
        }
        lines += versions(report.trials, style)
        lines += weaknesses(report.weaknesses, style)
        return lines.map { "\($0)\n" }.joined() + "\n" + Closing.lines(result, style)
    }

    /// `mail.example.com:25 (192.0.2.1), STARTTLS in smtp, asking for other.example.com`
    private static func heading(_ report: TLSReport, _ result: ProbeResult, _ style: Style) -> String {
        let target = result.target.printable()
        let host = target.contains(":") && !target.hasPrefix("[") ? "[\(target)]" : target
        var text = style.strong("\(host):\(report.port)")
        if let address = result.outcome.resolvedAddress, "\(address)" != target { text += " (\(address))" }
        if let startTLS = report.startTLS { text += ", STARTTLS in \(startTLS.proto.rawValue)" }
        if let name = report.serverName, name != target { text += ", asking for \(name.printable())" }
        return text
    }

    private static func negotiated(_ report: TLSReport, _ style: Style) -> [String] {
        var lines: [String] = []
        if let session = report.session {
            let isOld = session.version == "TLSv1" || session.version == "TLSv1.1"
            let alpn = session.alpn.map { "alpn \($0.printable())" }
            let facts = [session.cipher, session.group, alpn].compactMap { $0 }.joined(separator: "  ")
            lines.append("  \(isOld ? style.bad(session.version) : style.good(session.version))  \(facts)")
        }
        let times = [
            ("connect", report.connectTime), ("starttls", report.startTLS?.duration),
            ("handshake", report.handshakeTime),
        ]
        let shown = times.compactMap { name, time in time.map { "\(name) \(milliseconds($0)) ms" } }
        if !shown.isEmpty { lines.append("  " + style.faint(shown.joined(separator: ", "))) }
        if report.asksForCertificate { lines.append("  " + style.faint("the server asks for a client certificate")) }
        return lines
    }

    private static func verdict(_ report: TLSReport, _ result: ProbeResult, _ style: Style) -> [String] {
        guard let verdict = report.verdict else { return [] }
        var lines = [""]
        if verdict.isGood {
            let root = verdict.chain.last.map { style.faint("  by \($0.subject.printable())") } ?? ""
            lines.append("  \(style.good("certificate is good"))\(root)")
        } else {
            // Where the job failed by it, the closing line has the sentence.
            let isReason = verdict.failure == result.outcome.failure
            lines.append("  " + style.bad(isReason ? "certificate is not good" : verdict.message.printable()))
            if !verdict.hostMatches, verdict.code != .tlsHostnameMismatch {
                lines.append("  " + style.bad("and it is not for this host"))
            }
        }
        if let staple = verdict.staple { lines.append(ocsp(staple, style)) }
        return lines
    }

    private static func ocsp(_ staple: OCSPStaple, _ style: Style) -> String {
        let until = staple.nextUpdate.map { ", until \(second($0))" } ?? ""
        return switch staple.status {
        case .good: "  \(style.good("stapled OCSP: good"))" + style.faint(until)
        case .revoked: "  " + style.bad("stapled OCSP: revoked") + style.faint(staple.reason.map { ", \($0)" } ?? "")
        case .unknown: "  " + style.bad("stapled OCSP: the authority does not know the certificate")
        case .outdated, .unverified, .unusable:
            "  " + style.bad("stapled OCSP: \(staple.problem?.printable() ?? staple.status.rawValue)")
        }
    }

    // MARK: Certificates

    private static func card(
        _ one: CertificateSummary, _ depth: Int, at now: WallTime, _ style: Style
    ) -> [String] {
        var lines = ["  \(depth)  \(style.strong(one.subject.printable()))  \(days(one, at: now, style))"]
        func row(_ name: String, _ text: String) {
            if !text.isEmpty { lines.append("     \(style.faint(name.padded(to: 7)))  \(text.printable())") }
        }
        row("issuer", one.issuer == one.subject ? "itself" : one.issuer)
        row("names", names(one.alternativeNames))
        if let from = one.notBefore, let to = one.notAfter { row("valid", "\(day(from)) to \(second(to))") }
        row("key", "\(one.keyType) \(one.keyBits), signed with \(one.signatureAlgorithm)")
        row("serial", one.serial)
        row("sha256", one.sha256)
        return lines
    }

    /// `2026-11-24`
    private static func day(_ time: WallTime) -> String { String(time.iso8601.prefix(10)) }
    /// `2026-11-24 07:33:53 UTC`
    private static func second(_ time: WallTime) -> String {
        "\(day(time)) \(time.iso8601.dropFirst(11).prefix(8)) UTC"
    }

    private static func days(_ one: CertificateSummary, at now: WallTime, _ style: Style) -> String {
        guard let left = one.daysLeft(at: now) else { return "" }
        // Rounded down, and this time the other way.
        if left < 0 { return style.bad(left == -1 ? "expired today" : "expired \(counted(-left - 1)) ago") }
        if let from = one.notBefore, from > now { return style.bad("not valid yet") }
        // Two weeks are what renewals by ACME leave at least.
        return left < 14 ? style.bad("\(counted(left)) left") : style.good("\(counted(left)) left")
    }

    private static func counted(_ days: Int) -> String { days == 1 ? "1 day" : "\(days) days" }

    private static func names(_ all: [String]) -> String {
        all.prefix(8).joined(separator: ", ") + (all.count > 8 ? " and \(all.count - 8) more" : "")
    }

    // MARK: Versions and weaknesses

    private static func versions(_ trials: [TLSReport.VersionTrial], _ style: Style) -> [String] {
        guard !trials.isEmpty else { return [] }
        return [""]
            + trials.map { trial in
                let isOld = trial.version < .tls12
                let accepted = "accepted" + (trial.cipher.map { "  \($0)" } ?? "")
                let words =
                    switch trial.isAccepted {
                    case true?: isOld ? style.bad(accepted) : style.good(accepted)
                    case false?: isOld ? style.good("refused") : style.faint("refused")
                    case nil: style.bad("not tried: \(trial.failure?.detail.printable() ?? "")")
                    }
                return "  \(trial.version.name.padded(to: 9))\(words)"
            }
    }

    private static func weaknesses(_ all: [TLSWeakness], _ style: Style) -> [String] {
        all.isEmpty ? [] : [""] + all.map { "  \(style.bad("weak"))  \($0.detail.printable())" }
    }

    private static func milliseconds(_ duration: Duration) -> String {
        PingText.decimal(duration.inMilliseconds, places: 2)
    }
}
