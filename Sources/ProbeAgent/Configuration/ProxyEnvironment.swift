import ProbeNative

/// The proxy that the environment names, chosen as libcurl does (libcurl-env(3), `detect_proxy` and `Curl_check_noproxy`):
/// a variable that is empty is not there, lower case goes first, and HTTP_PROXY in upper case is not looked at, since CGI
/// fills it from a request's header.
struct ProxyEnvironment {
    private let variables: [String: String]

    init(_ variables: [String: String]) { self.variables = variables }

    /// Every variable that may hold a proxy's password.
    static let names = ["https_proxy", "HTTPS_PROXY", "http_proxy", "all_proxy", "ALL_PROXY"]

    /// The variable and its value; nil for a direct connection.
    func proxy(for url: BackendURL) -> (name: String, value: String)? {
        let names = (url.isEncrypted ? ["https_proxy", "HTTPS_PROXY"] : ["http_proxy"]) + ["all_proxy", "ALL_PROXY"]
        guard let found = first(names), !isExempt(url.host) else { return nil }
        return found
    }

    private func first(_ names: [String]) -> (name: String, value: String)? {
        for name in names {
            if let value = variables[name], !value.isEmpty { return (name, value) }
        }
        return nil
    }

    private func isExempt(_ host: String) -> Bool {
        guard let list = first(["no_proxy", "NO_PROXY"])?.value else { return false }
        // Only alone is it for everything.
        if list == "*" { return true }
        let words = list.split { $0 == "," || $0 == " " || $0 == "\t" }
        if let address = IPAddress(host) {
            // As curl takes them: bits behind the network's do not matter.
            return words.contains { AddressBlock($0, aligned: false)?.contains(address) == true }
        }
        let name = Self.bare(Substring(host.lowercased()))
        return words.contains { word in
            // ".example.com" is the same as "example.com": the domain and all below it.
            let domain = Self.bare(word.hasPrefix(".") ? word.dropFirst() : word).lowercased()
            return !domain.isEmpty && (name == domain || name.hasSuffix("." + domain))
        }
    }

    private static func bare(_ name: Substring) -> Substring { name.hasSuffix(".") ? name.dropLast() : name }
}

extension AgentConfiguration {
    /// Asks the environment for a proxy, where that is what was chosen.
    /// - Throws: one sentence, without the value, when what stands there is no proxy.
    mutating func chooseProxy(
        _ environment: [String: String], for backend: BackendURL
    ) throws(ConfigurationError) {
        guard access.proxy == .environment else { return }
        guard let found = ProxyEnvironment(environment).proxy(for: backend) else {
            access.proxy = .direct
            return
        }
        guard let proxy = BackendProxy(found.value) else {
            throw ConfigurationError(
                "\(found.name) must be \(BackendProxy.allowed), not what is given there (not shown, it may be secret); "
                    + "--proxy none does without a proxy.")
        }
        access.proxy = .proxy(proxy)
    }
}
