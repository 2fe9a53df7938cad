/// How a packet leaves the node, beside where it goes.
public struct Departure: Sendable, Hashable {
    /// TTL or hop limit.
    public var hopLimit: Int
    /// Type of service or traffic class.
    public var trafficClass: Int
    public var dontFragment: Bool
    public var source: Gate.Source?

    public init(hopLimit: Int = 64, trafficClass: Int = 0, dontFragment: Bool = false, source: Gate.Source? = nil) {
        self.hopLimit = hopLimit
        self.trafficClass = trafficClass
        self.dontFragment = dontFragment
        self.source = source
    }
}
