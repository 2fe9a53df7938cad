import Testing

@testable import ProbeNative

@Suite struct PathMTUSearchTests {
    /// What a router on the way does with a packet that is too big for it.
    enum Manner: CaseIterable { case tells, tellsNothing, swallows }

    private func play(_ search: inout PathMTUSearch, _ answer: (Int) -> PathMTUSearch.Outcome) -> [Int] {
        var sizes: [Int] = []
        while case .probe(let size) = search.next, sizes.count < 100 {
            sizes.append(size)
            search.note(answer(size))
        }
        return sizes
    }

    @Test(arguments: Manner.allCases, [IPAddress.Family.v4, .v6])
    func everyMTUIsFoundExactly(_ manner: Manner, _ family: IPAddress.Family) {
        for mtu in PathMTUSearch.smallest(family)...1500 {
            var search = PathMTUSearch(family, largest: 1500)
            let sizes = play(&search) { size in
                if size <= mtu { return .fits }
                switch manner {
                case .tells: return .tooBig(nextHop: mtu)
                case .tellsNothing: return .tooBig(nextHop: nil)
                case .swallows: return .silent
                }
            }
            #expect(search.next == .found(mtu: mtu))
            #expect(sizes.count <= (manner == .tells ? 2 : 13), "\(sizes)")
            #expect(search.isBlackHole == (manner == .swallows && mtu < 1500))
        }
    }

    @Test func theWholeSizeIsOneProbe() {
        var search = PathMTUSearch(.v4, largest: 9000)
        #expect(play(&search) { _ in .fits } == [9000])
        #expect(search.next == .found(mtu: 9000))
    }

    @Test func twoRoutersInARow() {
        var search = PathMTUSearch(.v4, largest: 1500)
        let sizes = play(&search) { $0 > 1400 ? .tooBig(nextHop: 1400) : $0 > 1300 ? .tooBig(nextHop: 1300) : .fits }
        #expect(sizes == [1500, 1400, 1300])
        #expect(search.next == .found(mtu: 1300) && !search.isBlackHole)
    }

    @Test func aBlackHoleBehindARouterThatTells() {
        var search = PathMTUSearch(.v4, largest: 1500)
        _ = play(&search) { $0 > 1400 ? .tooBig(nextHop: 1400) : $0 > 1330 ? .silent : .fits }
        #expect(search.next == .found(mtu: 1330) && search.isBlackHole)
    }

    @Test func ownInterfaceIsNoBlackHole() {
        var search = PathMTUSearch(.v4, largest: 9000)
        _ = play(&search) { $0 > 1500 ? .local : .fits }
        #expect(search.next == .found(mtu: 1500) && !search.isBlackHole)
    }

    @Test func aSilentTargetIsNoBlackHole() {
        var search = PathMTUSearch(.v4, largest: 1500)
        #expect(play(&search) { _ in .silent } == [1500, 68])
        #expect(search.next == .noAnswer && !search.isBlackHole)
    }

    /// Lies must not make it loop: an MTU that grows, one of 0, one below the protocol's least.
    @Test(arguments: [0, 1, 40, 68, 1499, 1500, 1501, 65535])
    func liesEnd(_ told: Int) {
        for family in IPAddress.Family.allCases {
            var search = PathMTUSearch(family, largest: 1500)
            let sizes = play(&search) { _ in .tooBig(nextHop: told) }
            #expect(sizes.count < 20, "\(sizes)")
            #expect(search.next == .noAnswer)
            var honestTarget = PathMTUSearch(family, largest: 1500)
            _ = play(&honestTarget) { $0 > 1350 ? .tooBig(nextHop: told) : .fits }
            // A router is believed where what it says can be true.
            let believed = told >= PathMTUSearch.smallest(family) && told < 1350 ? told : 1350
            #expect(honestTarget.next == .found(mtu: believed))
        }
    }
}
