import Glibc
import Testing

@testable import ProbeNative

@Suite struct PortVerdictTests {
    private static let host = IPAddress(v4: 0xc000_0201)

    @Test(arguments: [
        (IPAddress.Family.v4, UInt8(3), UInt8(0), PortState.unreachable, PortReason.networkUnreachable),
        (.v4, 3, 1, .unreachable, .hostUnreachable), (.v4, 3, 2, .filtered, .protocolUnreachable),
        (.v4, 3, 9, .filtered, .prohibited), (.v4, 3, 10, .filtered, .prohibited), (.v4, 3, 13, .filtered, .prohibited),
        (.v4, 11, 0, .unreachable, .ttlExceeded), (.v4, 12, 0, .filtered, .otherError),
        (.v6, 1, 0, .unreachable, .networkUnreachable), (.v6, 1, 1, .filtered, .prohibited),
        (.v6, 1, 3, .unreachable, .hostUnreachable), (.v6, 1, 6, .filtered, .rejectRoute),
        (.v6, 3, 0, .unreachable, .ttlExceeded),
    ])
    func readsICMP(_ family: IPAddress.Family, _ type: UInt8, _ code: UInt8, _ state: PortState, _ reason: PortReason) {
        let notice = ICMPNotice(family: family, type: type, code: code)
        for transport in [Gate.Transport.tcp, .udp] {
            #expect(PortVerdict(notice, about: Self.host, over: transport) == PortVerdict(state: state, reason: reason))
        }
    }

    @Test func aRefusalByICMPMeansAClosedPortOnlyOverUDP() {
        var notice = ICMPNotice(family: .v4, type: 3, code: 3, sender: IPAddress(v4: 0xc000_0202))
        #expect(PortVerdict(notice, about: Self.host, over: .udp).state == .filtered)
        notice.sender = Self.host
        for notice in [notice, ICMPNotice(family: .v6, type: 1, code: 4)] {
            for (transport, state) in [(Gate.Transport.udp, PortState.closed), (.tcp, .filtered)] {
                let verdict = PortVerdict(notice, about: Self.host, over: transport)
                #expect(verdict == PortVerdict(state: state, reason: .portUnreachable))
            }
        }
    }

    @Test func whatTheNodeLacksIsNoState() {
        for number in [EMFILE, ENFILE, ENOBUFS, ENOMEM, EADDRNOTAVAIL, EAGAIN, EINVAL] {
            #expect(PortVerdict(Errno(rawValue: number), isLocal: false, over: .tcp) == nil)
        }
        #expect(PortVerdict(.accessDenied, isLocal: true, over: .tcp) == nil)
        #expect(PortVerdict(.accessDenied, isLocal: false, over: .tcp)?.state == .filtered)
        #expect(PortVerdict(.connectionRefused, isLocal: false, over: .tcp)?.reason == .reset)
        #expect(PortVerdict(Errno(rawValue: ECONNRESET), isLocal: false, over: .tcp)?.state == .open)
        #expect(PortVerdict(.connectionRefused, isLocal: false, over: .udp)?.reason == .portUnreachable)
        #expect(PortVerdict(Errno(rawValue: ETIMEDOUT), isLocal: false, over: .tcp) == .silent)
    }

    @Test func servicesComeFromTheFileAndElseFromTheTable() {
        let names = ServiceNames(
            parsing: """
                # comment
                http\t\t80/tcp\t\twww\t# WorldWideWeb
                www\t80/tcp
                domain 53/udp
                broken
                odd 70000/tcp
                http3 443/udp
                """)
        #expect(names.name(of: 80, over: .tcp) == "http")
        #expect(names.name(of: 443, over: .udp) == "http3")
        #expect(names.name(of: 443, over: .tcp) == "https")
        #expect(names.name(of: 6379, over: .tcp) == "redis")
        #expect(names.name(of: 4, over: .tcp) == nil)
    }
}
