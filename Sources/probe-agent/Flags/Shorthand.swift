/// The spellings that people's fingers know from ping, dig, curl and nmap, all in one place. A tool that is not listed has
/// none; its flags work all the same.
enum Shorthand {
    typealias Assignment = (parameter: String, value: String)

    static let letters: [String: [String: String]] = [
        "ping": ["count": "-c", "size": "-s", "ttl": "-t", "source": "-I"],
        "traceroute": ["max_hops": "-m", "queries": "-q", "port": "-p", "first_hop": "-f", "size": "-s"],
        "mtr": ["max_hops": "-m", "cycles": "-c", "port": "-P", "first_hop": "-f", "size": "-s"],
        "dns": ["record_type": "-t", "port": "-p"],
        "tls": ["port": "-p"],
        "http": ["method": "-X", "headers": "-H", "body": "-d"],
        "port_check": ["ports": "-p"],
        "tcp": ["port": "-p"],
        "ntp": ["count": "-c", "port": "-p"],
        "websocket": ["headers": "-H", "message": "-d"],
    ]

    static func letter(for parameter: String, of tool: String) -> String? { letters[tool]?[parameter] }

    /// Words that stand for a parameter and its value.
    static func words(of tool: String) -> [String: Assignment] {
        var words: [String: Assignment] = ["-4": ("ip_version", "4"), "-6": ("ip_version", "6")]
        if tool == "traceroute" {
            words["-I"] = ("protocol", "icmp")
            words["-U"] = ("protocol", "udp")
            words["-T"] = ("protocol", "tcp")
            words["-A"] = ("asn", "true")
        }
        if tool == "mtr" {
            words["-T"] = ("protocol", "tcp")
            words["-u"] = ("protocol", "udp")
            words["-z"] = ("asn", "true")
        }
        if tool == "traceroute" || tool == "mtr" { words["-n"] = ("resolve_names", "false") }
        if tool == "port_check" {
            words["-sT"] = ("protocol", "tcp")
            words["-sU"] = ("protocol", "udp")
        }
        if ["http", "websocket", "dns"].contains(tool) { words["-k"] = ("verify_tls", "false") }
        if tool == "http" { words["-I"] = ("method", "HEAD") }
        if tool == "dns" { words["-x"] = ("record_type", "PTR") }
        return words
    }

    /// The words after the target, in any order: `dns example.com AAAA @1.1.1.1`, `port_check example.com 22,80-90`,
    /// `tcp example.com 25 expect:^220 'send:QUIT\r\n'`.
    static func operand(_ word: String, of tool: String) -> Assignment? {
        if tool == "reverse_dns", word.hasPrefix("@") { return ("resolver", String(word.dropFirst())) }
        if tool == "port_check" { return ("ports", word) }
        if tool == "tcp" { return (word.allSatisfy(\.isNumber) ? "port" : "steps", word) }
        if tool == "whois", word.hasPrefix("@") { return ("server", String(word.dropFirst())) }
        guard tool == "dns" else { return nil }
        if word.hasPrefix("+") { return digOption(word.dropFirst()) }
        return word.hasPrefix("@") ? ("resolver", String(word.dropFirst())) : ("record_type", word)
    }

    /// dig's `+` words, where this tool has the same.
    private static func digOption(_ word: Substring) -> Assignment {
        let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
        if parts.count == 2, let parameter = digValues[parts[0]] { return (parameter, parts[1]) }
        if let known = digWords[String(word)] { return known }
        // Refused with its name, as any value that is none of a parameter's.
        return ("record_type", "+\(word)")
    }

    private static let digWords: [String: Assignment] = [
        "tcp": ("transport", "tcp"), "vc": ("transport", "tcp"), "tls": ("transport", "tls"),
        "https": ("transport", "https"), "dnssec": ("dnssec", "true"), "do": ("dnssec", "true"),
        "trace": ("trace", "true"), "nsid": ("nsid", "true"), "cd": ("cd", "true"), "cdflag": ("cd", "true"),
        "norec": ("recursive", "false"), "norecurse": ("recursive", "false"), "noedns": ("edns_size", "0"),
        "validate": ("validate", "true"),
    ]

    private static let digValues = [
        "subnet": "client_subnet", "bufsize": "edns_size", "retry": "retries", "tls-hostname": "tls_name",
    ]
}
