import ProbeNative

#if canImport(Glibc)
    import Glibc
#endif

/// What the system says of a name, for a command that only wants to know (getaddrinfo(3)); diagnostics have a resolver of
/// their own.
enum HostAddresses {
    static func of(_ name: String) -> [IPAddress] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(name, nil, &hints, &list) == 0 else { return [] }
        defer { freeaddrinfo(list) }
        var addresses: [IPAddress] = []
        var next = list
        while let entry = next?.pointee {
            next = entry.ai_next
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            let length = socklen_t(text.count)
            guard getnameinfo(entry.ai_addr, entry.ai_addrlen, &text, length, nil, 0, NI_NUMERICHOST) == 0 else {
                continue
            }
            let bytes = text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:))
            if let address = IPAddress(String(decoding: bytes, as: UTF8.self)) { addresses.append(address) }
        }
        return addresses
    }
}
