/// The sockets that echo requests of a flow leave through: a reactor's raw ones, or a datagram socket of its own.
protocol EchoDoor: AnyObject {
    /// Waits until a packet with this payload may be sent.
    nonisolated(nonsending) func admit(size: Int, until deadline: Instant) async throws(ProbeFailure) -> Pacer.Ticket
    /// Its reply was read, or nothing was sent after all.
    func giveBack(_ ticket: Pacer.Ticket)
    /// The moment before a packet is sent.
    func sendTime() -> Instant
    func descriptor(dontFragment: Bool) -> Int32
    /// Takes in what the kernel has.
    func read()
    /// Packets that the receive buffer had no room for.
    var drops: Int { get }
}
