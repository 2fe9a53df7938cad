extension DNSParameters {
    /// What the encrypted transports take.
    mutating func readSecurity(_ reader: inout ParameterReader) {
        verifiesTLS = reader.flag(
            "verify_tls", default: true, help: "fail when the certificate of a tls or https resolver is not good")
        if let text = reader.optionalText(
            "tls_name", limit: 255, help: "name that its certificate must have (default: the resolver's own)")
        {
            tlsName = try? Host(text)
            if tlsName == nil { reader.refuse("tls_name", .string(text), "a host name or an address") }
            if transport != .tls { reader.refuse("tls_name goes with transport tls only.") }
        }
        let pem = reader.optionalText(
            "ca_pem", limit: 256 << 10, multiline: true,
            help: "PEM certificates of the authorities to trust instead of the system's")
        guard let pem else { return }
        do throws(InvalidInput) { trust = try TrustStore(pem: pem, parameter: "ca_pem") } catch {
            reader.refuse(error.detail, code: error.code)
        }
    }

    func refuseContradictions(_ reader: inout ParameterReader) {
        if (1...511).contains(options.udpSize) {
            reader.refuse("edns_size must be 0 or from 512 to 65535, not \(options.udpSize).")
        }
        if options.udpSize == 0 {
            let needs = [
                ("dnssec", options.wantsSignatures), ("validate", anchors != nil),
                ("nsid", options.wantsServerIdentity), ("client_subnet", options.clientSubnet != nil),
            ]
            for (name, isAsked) in needs where isAsked { reader.refuse("\(name) needs EDNS: edns_size must not be 0.") }
        }
        if case .server(_, let inline?) = resolver, let port, port != inline {
            reader.refuse("resolver names port \(inline) and port says \(port).")
        }
        if case .url = resolver, port != nil {
            reader.refuse("resolver is a URL, which has its port in it, not in port.")
        }
        refuseForValidation(&reader)
        refuseForTrace(&reader)
    }

    private func refuseForValidation(_ reader: inout ParameterReader) {
        guard anchors != nil else { return }
        if options.recordClass != .internet { reader.refuse("validate goes with class IN only.") }
        if type == .rrsig { reader.refuse("validate does not go with record_type RRSIG: signatures are not signed.") }
    }

    private func refuseForTrace(_ reader: inout ParameterReader) {
        guard rootHints != nil else { return }
        if anchors != nil { reader.refuse("trace and validate do not go together: ask twice.") }
        if options.recordClass != .internet { reader.refuse("trace goes with class IN only.") }
        if transport == .tls || transport == .https {
            reader.refuse("trace goes with transport udp or tcp, not \(transport.rawValue).")
        }
        if resolver != .system { reader.refuse("trace asks the servers from root_hints down, and no resolver.") }
    }
}
