import ProbeNative

#if canImport(Glibc)
    import Glibc
#endif

/// What the system says of a name, for a command that only wants to know (getaddrinfo(3)); diagnostics have a resolver of
/// their own.
package enum HostAddresses {
    package static func of(_ name: String) -> [IPAddress] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(name, nil, &hints, &list) == 0 else { return [] }
        defer { freeaddrinfo(list) }
        var addresses: [IPAddress] = []
        var next = list
        while let entry = next?.pointee {
            next = entry.ai_next
            if let found = entry.ai_addr.flatMap({ SocketAddress($0) }) { addresses.append(found.address) }
        }
        return addresses
    }
}
