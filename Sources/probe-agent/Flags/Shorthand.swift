/// The spellings that people's fingers know from ping, dig and curl, all in one place. A tool that is not listed has
/// none; its flags work all the same.
enum Shorthand {
    typealias Assignment = (parameter: String, value: String)

    static let letters: [String: [String: String]] = [
        "ping": ["count": "-c", "size": "-s", "ttl": "-t"],
        "traceroute": ["max_hops": "-m", "queries": "-q", "port": "-p", "first_hop": "-f", "size": "-s"],
        "mtr": ["max_hops": "-m", "cycles": "-c", "port": "-P", "first_hop": "-f", "size": "-s"],
        "dns": ["record_type": "-t", "port": "-p"],
        "tls": ["port": "-p"],
        "http": ["method": "-X", "headers": "-H", "body": "-d"],
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
        if tool == "http" {
            words["-k"] = ("verify_tls", "false")
            words["-I"] = ("method", "HEAD")
        }
        return words
    }

    /// `probe-agent dns example.com AAAA @1.1.1.1`: the words after the target, in any order.
    static func operand(_ word: String, of tool: String) -> Assignment? {
        if tool == "reverse_dns", word.hasPrefix("@") { return ("resolver", String(word.dropFirst())) }
        guard tool == "dns" else { return nil }
        return word.hasPrefix("@") ? ("resolver", String(word.dropFirst())) : ("record_type", word)
    }
}
