/// Good inputs of each decoder, and pieces that mean something to it.
enum FuzzCorpus {
    static func mutator(for decoder: String) -> FuzzMutator? {
        switch decoder {
        case "icmp": FuzzMutator(seeds: icmp, words: [[0x20, 0, 0, 0], [0, 8, 1, 1], [0x45, 0], [0x60, 0, 0, 0]])
        case "dns": FuzzMutator(seeds: dns, words: [[0xc0, 12], [0, 41], [3, 119, 119, 119], [0xc0, 0], [0]])
        case "whois":
            FuzzMutator(seeds: whois.map { Array($0.utf8) }, words: bytes(": ", "\n\n", "[", "]", "refer: ", "2026-"))
        case "rdap":
            FuzzMutator(seeds: rdap.map { Array($0.utf8) }, words: bytes("[", "{", "\"", "\\u", "\\", "],", "1e"))
        case "redirect":
            FuzzMutator(
                seeds: redirect.map { Array($0.utf8) }, words: bytes("//", "..", "@", ":", "%", "#", "?", "[::1]"))
        case "websocket":
            FuzzMutator(seeds: webSocket, words: [[0x81, 0x7e], [0x82, 0x7f], [0x88, 2], [0x89, 0], [0x80, 0]])
        case "handshake":
            FuzzMutator(seeds: handshake.map { Array($0.utf8) }, words: bytes("HTTP/1.", ": ", "\r\n", " 101", ","))
        case "ntp": FuzzMutator(seeds: ntp, words: [])
        case "banner": FuzzMutator(seeds: banner.map { Array($0.utf8) }, words: bytes("\u{1b}[", "\r\n", "\u{202e}"))
        default: nil
        }
    }

    private static func bytes(_ words: String...) -> [[UInt8]] { words.map { Array($0.utf8) } }

    /// The first byte is the family: even for IPv4.
    private static let icmp: [[UInt8]] = {
        let quoted4: [UInt8] =
            [0x45, 0, 0, 60, 0x12, 0x34, 0, 0, 1, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 9] + [
                0x80, 0, 0x82, 0x9a, 0, 40, 0, 0,
            ]
        let quoted6: [UInt8] =
            [0x60, 0, 0, 0, 0, 40, 17, 1] + [UInt8](repeating: 1, count: 32) + [0x80, 0, 0x82, 0x9a, 0, 40, 0, 0]
        let labels: [UInt8] = [0x20, 0, 0, 0, 0, 12, 1, 1, 0, 1, 0x41, 0xff, 0, 2, 0x10, 1]
        let padded4 = quoted4 + [UInt8](repeating: 0, count: 128 - quoted4.count)
        let padded6 = quoted6 + [UInt8](repeating: 0, count: 128 - quoted6.count)
        return [
            [0, 0, 0, 0, 0, 0x12, 0x34, 0, 1] + [UInt8](repeating: 7, count: 56),
            [1, 129, 0, 0, 0, 0x12, 0x34, 0, 1] + [UInt8](repeating: 7, count: 56),
            [0, 11, 0, 0, 0, 0, 32, 0, 0] + padded4 + labels, [1, 3, 0, 0, 0, 16, 0, 0, 0] + padded6 + labels,
            [0, 3, 4, 0, 0, 0, 0, 5, 0xdc] + quoted4, [1, 2, 0, 0, 0, 0, 0, 5, 0] + quoted6,
            [0, 11, 0, 0, 0, 0, 0, 0, 0] + padded4 + labels,
        ]
    }()

    /// Answers for www.test with one record of some kind, with a CNAME, and with an OPT.
    private static let dns: [[UInt8]] = {
        func message(_ type: UInt8, _ records: [[UInt8]], additional: [[UInt8]] = []) -> [UInt8] {
            [0, 1, 0x81, 0x80, 0, 1, 0, UInt8(records.count), 0, 0, 0, UInt8(additional.count)]
                + [3, 119, 119, 119, 4, 116, 101, 115, 116, 0, 0, type, 0, 1] + records.flatMap { $0 }
                + additional.flatMap { $0 }
        }
        func record(_ type: UInt8, _ data: [UInt8]) -> [UInt8] {
            [0xc0, 12, 0, type, 0, 1, 0, 0, 0, 60, 0, UInt8(data.count)] + data
        }
        let name: [UInt8] = [2, 110, 115, 0xc0, 16]
        let options: [UInt8] = [0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 10, 0, 15, 0, 6, 0, 18, 115, 97, 109, 101]
        return [
            message(1, [record(1, [192, 0, 2, 1]), record(1, [192, 0, 2, 2])], additional: [options]),
            message(1, [record(5, name), record(1, [192, 0, 2, 1])]),
            message(28, [record(28, [UInt8](repeating: 1, count: 16))]),
            message(15, [record(15, [0, 10] + name)]), message(16, [record(16, [5, 104, 101, 108, 108, 111, 1, 120])]),
            message(6, [record(6, name + name + [UInt8](repeating: 1, count: 20))]),
            message(33, [record(33, [0, 1, 0, 2, 0, 80] + name)]), message(12, [record(12, name)]),
            message(46, [record(46, [0, 1, 8, 2] + [UInt8](repeating: 9, count: 14) + name + [1, 2, 3, 4])]),
            message(47, [record(47, name + [0, 6, 0x40, 0, 0, 0, 0, 3])]),
            message(50, [record(50, [1, 0, 0, 1, 2, 170, 187, 3, 1, 2, 3, 0, 1, 0x40])]),
            message(65, [record(65, [0, 1, 0, 0, 1, 0, 3, 2, 104, 50])]),
            message(43, [record(43, [0, 1, 8, 2] + [UInt8](repeating: 7, count: 32))]),
            message(29, [record(29, [0, 0x12, 0x16, 0x13] + [UInt8](repeating: 0x80, count: 12))]),
        ]
    }()

    private static let whois = [
        """
        refer:        whois.nic.test
        domain:       TEST
        status:       ACTIVE
        created:      1985-01-01
        """,
        """
           Domain Name: EXAMPLE.TEST\r
           Registrar WHOIS Server: whois://whois.example.net:4343\r
           Updated Date: 2025-08-14T07:01:34Z\r
           Creation Date: Fri May  1 12:34:56 2020\r
           Registry Expiry Date: 2031-08-13T04:00:00+02:00\r
           Registrar: Example Inc.\r
           Domain Status: clientDeleteProhibited https://icann.org/epp#x\r
           Name Server: A.EXAMPLE.NET\r
        """,
        """
        Domain name:
            example.test

        Registrar:
            Example Ltd [Tag = EX]

        Relevant dates:
            Registered on: 26-Nov-1996

        Name servers:
            ns1.example.test  2001:db8::53
        """,
        "% Abuse contact for '192.0.2.0 - 192.0.2.255' is 'abuse@example.net'\n\ninetnum: 192.0.2.0 - 192.0.2.255\n",
        "p. [Name Server]   ns1.example.test\n[Created on]   2001/08/22 01:02:03 (JST)\n[State] Connected\n",
        "No match for \"EXAMPLE.TEST\".\n", "created............: 1.9.2004 00:00:00\nregistrar......: Büro\n",
    ]

    private static let rdap = [
        """
        {"objectClassName": "domain", "ldhName": "EXAMPLE.TEST", "status": ["active", "client hold"],
         "events": [{"eventAction": "registration", "eventDate": "1995-08-14T04:00:00Z"},
                    {"eventAction": "expiration", "eventDate": "2031-08-13T04:00:00.0+01:00"}],
         "entities": [{"roles": ["registrar"], "vcardArray": ["vcard", [["fn", {}, "text", "Example \\u00fc\\ud83d\\ude00"]]],
                       "entities": [{"roles": ["abuse"], "vcardArray": ["vcard", [["email", {}, "text", "a@b.test"]]]}]}],
         "nameservers": [{"ldhName": "A.EXAMPLE.NET"}]}
        """,
        #"{"version": "1.0", "services": [[["test", "com"], ["https://rdap.example/"]], [["net"], ["http://a/", "https://b/"]]]}"#,
        #"{"a": [1, -2.5e-3, true, false, null, "\"\\\/\b\f\n\r\t"], "b": {"c": {"d": [[[[]]]]}}}"#, "[]", "0",
    ]

    private static let redirect = [
        "http://example.test/", "https://user:secret@example.test:8443/a?b=c#d", "//other.test/x", "/absolute/path?q",
        "../up/./and/../down", "?query", "#fragment", "http://[2001:db8::1]:80/", "http://[fe80::1%25eth0]/", "x/y z",
        "http://bücher.example/ü?ö", "http://192.0.2.1:65535/", "HTTP://EXAMPLE.TEST", "http:relative", "javascript:x",
        "http://0x7f.1/", "https://example.test:443", "",
    ]

    private static let webSocket: [[UInt8]] = [
        [0x81, 5, 104, 101, 108, 108, 111], [0x01, 3, 72, 101, 108, 0x80, 2, 108, 111],
        [0x89, 2, 1, 2, 0x82, 3, 1, 2, 3, 0x88, 2, 3, 232], [0x88, 0], [0x88, 6, 3, 240, 103, 111, 110, 101],
        [0x82, 0x7e, 0, 130] + [UInt8](repeating: 9, count: 130),
        [0x02, 1, 0, 0x8a, 0, 0x00, 1, 1, 0x80, 1, 2, 0x81, 2, 0xc3, 0xbc],
        [0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0],
    ]

    private static let handshake = [
        "HTTP/1.1 101 Switching Protocols\nUpgrade: websocket\nConnection: keep-alive, Upgrade\n"
            + "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\nSec-WebSocket-Protocol: chat\n\n",
        "HTTP/1.0 404 Not Found\nContent-Length: 0\n\n", "HTTP/1.1 301\nLocation: //elsewhere\n\n",
    ]

    private static let ntp: [[UInt8]] = [
        [0x24, 2, 6, 0xec, 0, 0, 2, 0x8f, 0, 0, 6, 0x66, 192, 0, 2, 9] + [UInt8](repeating: 0xe8, count: 32),
        [0xe4, 0, 6, 0xec, 0, 0, 0, 0, 0, 0, 0, 0, 68, 69, 78, 89] + [UInt8](repeating: 0, count: 32),
        [0x1c, 1, 6, 0xec, 0, 0, 0, 0, 0, 0, 0, 0, 71, 80, 83, 0] + [UInt8](repeating: 0xff, count: 32),
    ]

    private static let banner = [
        "220 mail.example.test ESMTP Postfix\r\n", "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n",
        "\u{1b}[2J\u{7}\u{202e}evil\r\n",
        "+OK ready ünïcode", "\0\0\0\u{1}binary",
    ]
}
