import ProbeNative

#if canImport(Glibc)
    import Glibc
#endif

extension ProbeResult {
    /// Its figures, none of a result that is no measurement: nothing is known of the target then.
    func addSamples(to samples: inout WatchSamples) {
        if let failure = outcome.failure, !failure.isMeasurement { return }
        samples.add(.success, outcome.failure == nil)
        samples.add(.duration, run)
        if let address = outcome.resolvedAddress {
            samples.add(.ipProtocol, address.family == .v4 ? 4 : 6)
            samples.add(.ipAddressHash, address.hash32)
        }
        switch outcome.report {
        case let report as HTTPReport: report.addSamples(to: &samples)
        case let report as PingReport: report.addSamples(to: &samples)
        case let report as DNSReport: report.addSamples(to: &samples)
        case let report as TLSReport: samples.add(sent: report.chain, report.verdict, version: report.session?.version)
        case let report as TCPReport:
            samples.add(.lookupTime, report.resolveTime ?? literal(report.address))
            samples.add(.failedByRegex, report.steps.contains { $0.matched == false })
            samples.add(tlsVersion: report.security?.version)
        case let report as NTPReport: samples.add(.ntpOffset, report.best?.offset)
        default: break
        }
    }
}

/// An address that was not looked up was given: that takes no time.
private func literal(_ address: IPAddress?) -> Duration? { address.map { _ in .zero } }

extension HTTPReport {
    fileprivate func addSamples(to samples: inout WatchSamples) {
        let phases = phases
        let isSecure = last.url.hasPrefix("https:")
        let first = redirects.first ?? last
        samples.add(.lookupTime, first.phases.dns ?? literal(first.address))
        samples.add(.failedByRegex, expectations.contains { !$0.isMet && $0.isPattern })
        samples.add(.httpDuration, phases.dns ?? literal(first.address), phase: "resolve")
        samples.add(.httpDuration, phases.connect, phase: "connect")
        samples.add(.httpDuration, phases.proxy, phase: "proxy")
        let noTLS: Duration? = phases.connect != nil && !isSecure ? .zero : nil
        samples.add(.httpDuration, phases.tls.map { $0 + (phases.verify ?? .zero) } ?? noTLS, phase: "tls")
        samples.add(.httpDuration, phases.wait.map { $0 + (phases.send ?? .zero) }, phase: "processing")
        samples.add(.httpDuration, phases.transfer, phase: "transfer")
        samples.add(.httpStatus, last.status)
        samples.add(.httpContentLength, fields.last { $0.name == "content-length" }.flatMap { Int($0.value) })
        samples.add(.httpBodyLength, bodyCount)
        samples.add(.httpRedirects, redirects.count)
        samples.add(.httpIsSecure, isSecure)
        samples.add(.httpVersion, httpVersion.flatMap { Double($0) })
        samples.add(.httpLastModified, fields.last { $0.name == "last-modified" }.flatMap { $0.value.httpDate })
        if let security {
            // What the server sent is not kept beside the chain that was built: that chain less its root, which servers
            // leave out.
            var sent = security.verdict?.chain ?? []
            if sent.count > 1, let root = sent.last, root.subject == root.issuer { sent.removeLast() }
            samples.add(sent: sent, security.verdict, version: security.version)
        }
    }
}

extension String {
    /// Unix time of an IMF-fixdate (RFC 9110 section 5.6.7), which is what servers send.
    fileprivate var httpDate: Double? {
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let words = split(separator: " ").map(String.init)
        guard words.count == 6, words[5] == "GMT", let day = Int32(words[1]), let year = Int32(words[3]),
            let month = months.firstIndex(of: words[2])
        else { return nil }
        let clock = words[4].split(separator: ":").map { Int32($0) ?? -1 }
        guard clock.count == 3, (0..<24).contains(clock[0]), (0..<60).contains(clock[1]), (0...60).contains(clock[2]),
            (1...31).contains(day), (1970...9999).contains(year)
        else { return nil }
        var parts = tm()
        (parts.tm_year, parts.tm_mon, parts.tm_mday) = (year - 1900, Int32(month), day)
        (parts.tm_hour, parts.tm_min, parts.tm_sec) = (clock[0], clock[1], clock[2])
        return Double(timegm(&parts))
    }
}

extension HTTPExpectationResult {
    fileprivate var isPattern: Bool { name.hasSuffix("body_regex") || name.hasPrefix("header:") }
}

extension PingReport {
    fileprivate func addSamples(to samples: inout WatchSamples) {
        let statistics = statistics
        let lookup = resolveTime ?? literal(address)
        samples.add(.lookupTime, lookup)
        if transport == .icmp {
            samples.add(.icmpDuration, lookup, phase: "resolve")
            samples.add(.icmpDuration, statistics.average.map { $0 / 1000 }, "phase", "rtt")
            samples.add(.icmpHopLimit, packets.last { $0.status == .reply }?.ttl)
        }
        samples.add(.pingSent, sent)
        samples.add(.pingReceived, received)
        samples.add(.pingLoss, loss.map { $0 / 100 })
        // They are in milliseconds.
        let times = [
            ("min", statistics.minimum), ("avg", statistics.average), ("max", statistics.maximum),
            ("stddev", statistics.deviation),
        ]
        for (name, time) in times { samples.add(.pingRoundTrip, time.map { $0 / 1000 }, "stat", name) }
    }
}

extension DNSReport {
    fileprivate func addSamples(to samples: inout WatchSamples) {
        let lookup = resolveTime ?? literal(resolver?.address)
        samples.add(.lookupTime, lookup)
        samples.add(.dnsDuration, lookup, phase: "resolve")
        samples.add(.dnsDuration, connectTime.map { $0 + (tlsTime ?? .zero) }, phase: "connect")
        samples.add(.dnsDuration, queryTime, phase: "request")
        samples.add(.dnsSucceeded, answer != nil)
        guard let answer else { return }
        samples.add(.dnsAnswers, answer.records.count { $0.section == .answer })
        samples.add(.dnsAuthorities, answer.records.count { $0.section == .authority })
        samples.add(.dnsAdditionals, answer.records.count { $0.section == .additional })
        guard question.type == "SOA" else { return }
        // The third of its fields (RFC 1035 section 3.3.13).
        let record = answer.records.first { $0.section == .answer && $0.type == "SOA" }
        samples.add(.dnsSerial, record?.value.split(separator: " ").dropFirst(2).first.flatMap { Double($0) })
    }
}

extension WatchSamples {
    fileprivate mutating func add(sent: [CertificateSummary], _ verdict: CertificateVerdict?, version: String?) {
        add(tlsVersion: version)
        add(.certificateExpiry, sent.compactMap(\.notAfter).min()?.unixSeconds)
        guard let verdict, verdict.isGood, let leaf = verdict.chain.first else { return }
        let names = leaf.alternativeNames.filter { IPAddress($0) == nil }
        add(.chainExpiry, verdict.chain.compactMap(\.notAfter).min()?.unixSeconds)
        add(
            WatchSample(
                metric: .chainInfo,
                labels: [
                    .init(name: "fingerprint_sha256", value: leaf.sha256), .init(name: "issuer", value: leaf.issuer),
                    .init(name: "subject", value: leaf.subject),
                    .init(name: "subjectalternative", value: names.joined(separator: ",")),
                ], value: 1))
    }

    /// Go's names: `TLS 1.2` for OpenSSL's `TLSv1.2`.
    fileprivate mutating func add(tlsVersion name: String?) {
        guard let name else { return }
        add(.tlsVersion, 1, "version", name == "TLSv1" ? "TLS 1.0" : name.replacing("TLSv", with: "TLS "))
    }
}

extension IPAddress {
    /// FNV-1a of 32 bits over its bytes, as blackbox_exporter has it.
    fileprivate var hash32: Double {
        Double(bytes.reduce(UInt32(0x811c_9dc5)) { ($0 ^ UInt32($1)) &* 0x0100_0193 })
    }
}
