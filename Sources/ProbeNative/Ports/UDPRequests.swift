/// Small requests to which the usual service behind a UDP port answers. To others an empty datagram goes: what a service
/// does not understand, it does not answer.
enum UDPRequests {
    static func request(for port: UInt16) -> [UInt8] {
        switch port {
        case 53, 5353: rootServers
        case 111: rpcNull
        case 123: ntpClient
        case 137: netBIOSStatus
        case 161: snmpDescription
        case 1900: Array(ssdpSearch.utf8)
        case 11211: memcachedVersion
        default: []
        }
    }

    /// DNS (RFC 1035): the name servers of the root, recursion desired.
    private static let rootServers: [UInt8] = [
        0x50, 0x43, 0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1,
    ]

    /// ONC RPC (RFC 5531): the null procedure of the port mapper, version 2, without credentials.
    private static let rpcNull: [UInt8] =
        [0x50, 0x43, 0x50, 0x43, 0, 0, 0, 0, 0, 0, 0, 2, 0x00, 0x01, 0x86, 0xa0, 0, 0, 0, 2, 0, 0, 0, 0]
        + [UInt8](repeating: 0, count: 16)

    /// NTP (RFC 5905): a client's request of version 4.
    private static let ntpClient: [UInt8] = [0x23] + [UInt8](repeating: 0, count: 47)

    /// NetBIOS (RFC 1002 section 4.2.17): the status of the node "*".
    private static let netBIOSStatus: [UInt8] =
        [0x50, 0x43, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0x20] + Array("CKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".utf8)
        + [0, 0, 0x21, 0, 1]

    /// SNMP (RFC 1157): sysDescr.0 by GetRequest, version 1, community "public".
    private static let snmpDescription: [UInt8] =
        [0x30, 0x26, 0x02, 0x01, 0x00, 0x04, 0x06] + Array("public".utf8) + [
            0xa0, 0x19, 0x02, 0x01, 0x01, 0x02, 0x01, 0x00, 0x02, 0x01, 0x00,
            0x30, 0x0e, 0x30, 0x0c, 0x06, 0x08, 0x2b, 0x06, 0x01, 0x02, 0x01, 0x01, 0x01, 0x00, 0x05, 0x00,
        ]

    /// UPnP Device Architecture section 1.3.2.
    private static let ssdpSearch =
        "M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: \"ssdp:discover\"\r\nMX: 1\r\nST: ssdp:all\r\n\r\n"

    /// memcached's UDP frame: request id, number, count, reserved.
    private static let memcachedVersion: [UInt8] =
        [0x50, 0x43, 0, 0, 0, 1, 0, 0] + Array("version\r\n".utf8)
}
