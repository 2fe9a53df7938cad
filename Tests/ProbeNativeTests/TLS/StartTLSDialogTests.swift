import ProbeTesting
import Testing

@testable import ProbeNative

/// The dialogs by themselves: what the server says piece by piece, what the client does.
@Suite struct StartTLSDialogTests {
    private static let host = (try? Host("mail.example.com.")) ?? .address(IPAddress(v4: 0))

    private func steps(_ proto: StartTLSProtocol, _ pieces: [String]) -> [StartTLSStep] {
        steps(proto, pieces.map { Array($0.utf8) })
    }

    private func steps(_ proto: StartTLSProtocol, _ pieces: [[UInt8]]) -> [StartTLSStep] {
        var dialog = proto.dialog(to: Self.host, from: IPAddress(v4: 0xc000_0201))
        return pieces.map { dialog.receive($0) }
    }

    private func send(_ text: String) -> StartTLSStep { .send(Array(text.utf8)) }

    @Test func smtp() {
        #expect(
            steps(.smtp, ["220-one", "220 two", "250-me", "250-starttls", "250 HELP", "220 go"]) == [
                .more, send("EHLO [192.0.2.1]\r\n"), .more, .more, send("STARTTLS\r\n"), .begin(),
            ])
        #expect(steps(.smtp, ["554 no"]) == [.refused("554 no")])
        #expect(steps(.smtp, ["220", "250 me"]).last == .refused("it does not offer STARTTLS"))
        #expect(steps(.smtp, ["220", "250 STARTTLS", "454-later", "454 please"]).last == .refused("454 later please"))
        #expect(steps(.smtp, ["SSH-2.0-OpenSSH_9.2"]) == [.foreign])
        #expect(steps(.smtp, ["22O ready"]) == [.foreign] && steps(.smtp, ["2200"]) == [.foreign])
        #expect(steps(.smtp, [[0xff, 0xfe, 0xfd]]) == [.foreign] && steps(.smtp, [""]) == [.foreign])
        var six = StartTLSProtocol.smtp.dialog(to: Self.host, from: IPAddress("2001:db8::1"))
        #expect(six.receive(Array("220".utf8)) == send("EHLO [IPv6:2001:db8::1]\r\n"))
        #expect(six.greeting == "")
    }

    @Test func ftp() {
        #expect(
            steps(.ftp, ["120 wait", "220-hello", "anything", " 220 else", "220 done", "234 go"]) == [
                .more, .more, .more, .more, send("AUTH TLS\r\n"), .begin(),
            ])
        #expect(steps(.ftp, ["220 hello", "530 no"]).last == .refused("530 no"))
    }

    @Test func imap() {
        #expect(
            steps(.imap, ["* OK hello there", "* CAPABILITY IMAP4rev1", "p1 OK begin"]) == [
                send("p1 STARTTLS\r\n"), .more, .begin(),
            ])
        #expect(steps(.imap, ["* OK hi", "p1 NO no way"]).last == .refused("no way"))
        #expect(steps(.imap, ["* OK hi", "p1 BAD"]).last == .refused(""))
        #expect(steps(.imap, ["* OK hi", "* BYE bye"]).last == .refused("bye"))
        // Another tag answers another command.
        #expect(steps(.imap, ["* OK hi", "p2 OK begin"]).last == .foreign)
        #expect(steps(.imap, ["p1 OK begin"]) == [.foreign] && steps(.imap, ["+OK"]) == [.foreign])
    }

    @Test func pop3() {
        #expect(steps(.pop3, ["+OK hi", "+OK go"]) == [send("STLS\r\n"), .begin()])
        #expect(steps(.pop3, ["+OK", "-ERR no"]) == [send("STLS\r\n"), .refused("no")])
        #expect(steps(.pop3, ["+OKAY"]) == [.foreign])
    }

    @Test func postgres() {
        #expect(steps(.postgres, ["S"]) == [.begin()] && steps(.postgres, ["x"]) == [.foreign])
        for letter in ["N", "E"] {
            guard case .refused = steps(.postgres, [letter])[0] else { return #expect(Bool(false), "\(letter)") }
        }
    }

    @Test func mysql() {
        let version = Array("10.11.6-MariaDB".utf8) + [0]
        func greeting(_ capabilities: [UInt8]) -> [UInt8] {
            [10] + version + [1, 0, 0, 0] + [UInt8](repeating: 7, count: 8) + [0] + capabilities
        }
        for packet in [greeting([0xff, 0xff]), greeting([0, 8])] {
            let seen = steps(.mysql, [[UInt8(packet.count), 0, 0, 0], packet])
            #expect(seen[0] == .more)
            guard case .begin(let request) = seen[1] else { return #expect(Bool(false), "\(seen)") }
            #expect(request.count == 36 && request.prefix(4) == [32, 0, 0, 1] && request[5] & 8 != 0)
        }
        #expect(steps(.mysql, [[40, 0, 0, 0], greeting([0xff, 0xf7])]).last == .refused("it is not set up for TLS"))
        #expect(steps(.mysql, [[9, 0, 0, 0], [0xff, 0x6a, 4] + Array("no way".utf8)]).last == .refused("no way"))
        // Too long, too short, the wrong number, another version, no end of the text, nothing after it.
        #expect(steps(.mysql, [[0, 0, 1, 0]]) == [.foreign] && steps(.mysql, [[0, 0, 0, 0]]) == [.foreign])
        #expect(steps(.mysql, [[9, 0, 0, 1]]) == [.foreign])
        for packet in [[9] + version, [10], [10, 65, 66], Array(greeting([]).prefix(20)), greeting([0xff]), [0xff]] {
            let last = steps(.mysql, [[UInt8(packet.count), 0, 0, 0], packet]).last
            #expect(last == (packet == [0xff] ? .refused("") : .foreign))
        }
    }

    @Test func ldap() {
        let opening = StartTLSProtocol.ldap.dialog(to: Self.host, from: nil).opening
        #expect(opening.prefix(9) == [0x30, 0x1d, 2, 1, 1, 0x77, 0x18, 0x80, 0x16] && opening.count == 31)
        func answer(_ code: UInt8, _ words: String = "") -> [UInt8] {
            let body = [0x0a, 1, code, 4, 0, 4, UInt8(words.utf8.count)] + words.utf8
            return [2, 1, 1, 0x78, UInt8(body.count)] + body
        }
        let good = answer(0)
        #expect(steps(.ldap, [[0x30, UInt8(good.count)], good]) == [.more, .begin()])
        #expect(
            steps(.ldap, [[0x30, 0x84], [0, 0, 0, UInt8(good.count)], good]) == [.more, .more, .begin()])
        let bad = answer(52, "no TLS")
        #expect(steps(.ldap, [[0x30, UInt8(bad.count)], bad]).last == .refused("result code 52, no TLS"))
        #expect(steps(.ldap, [[0x30, 0x80]]) == [.foreign] && steps(.ldap, [[0x31, 5]]) == [.foreign])
        #expect(steps(.ldap, [[0x30, 0]]) == [.foreign] && steps(.ldap, [[0x30, 0x85]]) == [.foreign])
        #expect(steps(.ldap, [[0x30, 0x84], [0xff, 0xff, 0xff, 0xff]]).last == .foreign)
        // Lengths that reach beyond the end.
        for cut in 0..<(good.count - 4) {
            #expect(steps(.ldap, [[0x30, 9], Array(good.prefix(cut + 1))]).last == .foreign)
        }
    }

    @Test func xmpp() {
        let opening = StartTLSProtocol.xmpp.dialog(to: Self.host, from: nil).opening
        #expect(String(decoding: opening, as: UTF8.self).contains("to='mail.example.com' "))
        let start = ["<?xml version='1.0'?>", "\n<stream:stream id='1'>"]
        let offer = ["<stream:features>", "<starttls xmlns='x'>", "<required/>", "</starttls>", "</stream:features>"]
        let request = send("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
        #expect(
            steps(.xmpp, start + offer + ["<proceed xmlns='x'/>"]).suffix(2) == [request, .begin()])
        #expect(
            steps(.xmpp, start + offer + ["<proceed xmlns='x'>", "</proceed>"]).suffix(3) == [request, .more, .begin()])
        #expect(
            steps(.xmpp, start + offer + ["<failure xmlns='x'/>"]).last == .refused("it answered with a failure"))
        let absent = StartTLSStep.refused("it does not offer STARTTLS")
        #expect(steps(.xmpp, start + ["<stream:features/>"]).last == absent)
        #expect(
            steps(.xmpp, start + ["<stream:features>", "<m>", "PLAIN</m>", "</stream:features>"]).last == absent)
        #expect(steps(.xmpp, start + ["<stream:error>"]).last == .refused("it answered with a stream error"))
        #expect(steps(.xmpp, ["<html>"]) == [.foreign] && steps(.xmpp, ["220 mail>"]) == [.foreign])
        #expect(steps(.xmpp, start + ["<proceed/>"]).last == .foreign)
    }

    /// Whatever comes, no dialog traps, and none begins TLS without the word that stands for it.
    @Test func fuzzNoise() {
        var random = SeededGenerator(seed: 7)
        for proto in StartTLSProtocol.allCases {
            for _ in 0..<(fuzzInputs ?? 2000) {
                var dialog = proto.dialog(to: Self.host, from: nil)
                for _ in 0..<6 {
                    let count: Int
                    if case .bytes(let exact) = dialog.expects { count = exact } else { count = .random(in: 0...40) }
                    let step = dialog.receive((0..<count).map { _ in .random(in: 0...255, using: &random) })
                    if step == .foreign { break }
                    if case .refused = step { break }
                    if case .begin = step { break }
                }
            }
        }
    }
}
