import Dispatch
import Glibc
import NIOConcurrencyHelpers

/// Hears what other replicas announce, on a thread and a connection of its own.
final class PostgresListener: Sendable {
    private static let patience: Int32 = 500

    private let isStopped = NIOLockedValueBox(false)

    /// - Parameters:
    ///   - isOwn: whether a server process is this replica's own writer.
    ///   - deliver: called on that thread; with everything after each time that something may have been missed.
    init(
        url: String, isOwn: @escaping @Sendable (Int32) -> Bool, deliver: @escaping @Sendable (StoreNews) -> Void
    ) {
        DispatchQueue(label: "postgres.listener").async { [isStopped] in
            while !isStopped.withLockedValue({ $0 }) {
                do {
                    let connection = try PostgresConnection(url: url)
                    try connection.execute("LISTEN \(StoreNews.channel)")
                    deliver(.all)
                    while !isStopped.withLockedValue({ $0 }) {
                        Self.wait(for: connection.socket)
                        let news = try connection.notifications(unless: isOwn)
                        if !news.isEmpty { deliver(news) }
                    }
                } catch {
                    // The server is away. Whoever needs it says so; this waits until it is back.
                    Self.wait(for: -1)
                }
            }
        }
    }

    func stop() { isStopped.withLockedValue { $0 = true } }

    /// Until it is readable or half a second has passed; poll(2) passes over a negative descriptor.
    private static func wait(for descriptor: Int32) {
        var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        _ = Glibc.poll(&poll, 1, patience)
    }
}
