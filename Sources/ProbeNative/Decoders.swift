/// One of the places where bytes of strangers are read.
package struct Decoder: Sendable {
    package let name: String
    /// Reads the bytes as a tool would; true when it could make something of them.
    package let accepts: @Sendable ([UInt8]) -> Bool

    /// THE table of them, one line each: what `make fuzz` feeds with rubbish. Whoever writes a new one adds it here.
    package static let all: [Decoder] = [
        Decoder(name: "icmp") { bytes in
            bytes.withUnsafeBytes { raw in
                // The first byte chooses the family.
                let family: IPAddress.Family = raw.first.map { $0 & 1 == 0 } == true ? .v4 : .v6
                let packet = WireBytes(UnsafeRawBufferPointer(rebasing: raw.dropFirst()))
                guard let message = ICMPMessage(packet, family) else { return false }
                if case .error(let body) = message { _ = ICMPExtensions.labels(body.extensions) }
                return true
            }
        },
        Decoder(name: "dns") { bytes in
            guard let text = RecordText() else { return false }
            return bytes.withUnsafeBytes { raw in
                // The exchange matches the header before it decodes.
                guard raw.count >= DNSQuery.headerSize else { return false }
                guard case .success(let answer) = DNSMessage.decode(raw, text: text) else { return false }
                _ = LookupRecords.read(answer, for: LookupKey(name: "www.test", family: .v4))
                return true
            }
        },
        Decoder(name: "whois") { bytes in
            let reply = WhoisReply(WhoisText.decode(bytes, isWhole: false), about: .domain("example.test"))
            return !reply.record.isEmpty || reply.referral != nil
        },
        // Nothing is lost on the way to a line of text.
        Decoder(name: "banner") { bytes in EscapedBytes.parse(EscapedBytes.text(bytes)) == bytes },
        Decoder(name: "rdap") { bytes in
            guard let document = try? JSONDocument.read(bytes) else { return false }
            _ = RDAPServices(document)?.service(for: .domain("example.test"))
            _ = JSONPointer("/entities/0/vcardArray/1/0/3")?.value(in: document)
            _ = RDAPRecord.read(document)
            return true
        },
        Decoder(name: "redirect") { bytes in
            let base = try? HTTPURL(target: "http://example.test:8080/a/b?c=d")
            return (try? base?.following(String(decoding: bytes, as: UTF8.self))) != nil
        },
        Decoder(name: "websocket") { bytes in WebSocketMessages.count(in: bytes) > 0 },
        Decoder(name: "handshake") { bytes in
            let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map(Array.init)
            guard var response = try? WebSocketResponse(statusLine: lines[0]) else { return false }
            for line in lines.dropFirst() where (try? response.take(line)) != true { break }
            return response.fields.count > 0
        },
        Decoder(name: "ntp") { bytes in
            guard let packet = NTPPacket(bytes) else { return false }
            let sent = (wall: WallTime(nanoseconds: 0), monotonic: Instant(nanoseconds: 0))
            let reply = NTPExchange.reply(packet, sent, sent)
            return NTPReport.Server(reply.packet, near: reply.receivedAt).kiss == nil
        },
    ]
}

extension WebSocketMessages {
    /// The messages in a server's bytes, until they break the rules.
    fileprivate static func count(in bytes: [UInt8]) -> Int {
        var (messages, count, rest) = (WebSocketMessages(limit: 1 << 16), 0, bytes[...])
        while rest.count >= 2 {
            let size = 2 + WebSocketFrameHead.extendedLength(rest[rest.startIndex + 1])
            guard let head = try? WebSocketFrameHead(Array(rest.prefix(size))), (try? messages.admit(head)) != nil
            else { break }
            rest = rest.dropFirst(size)
            guard head.length <= rest.count else { break }
            let frame = WebSocketFrame(
                opcode: head.opcode, isFinal: head.isFinal, payload: Array(rest.prefix(head.length)))
            rest = rest.dropFirst(head.length)
            guard let event = try? messages.take(frame) else { continue }
            if case .message = event { count += 1 }
        }
        return count
    }
}
