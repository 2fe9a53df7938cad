import Logging
import ProbeNative

/// What outputs are told, in this order: the checks first, then results, each before the change that it made.
public enum WatchEvent: Sendable {
    /// All that is watched from now on: at the start, and after each reload of the file. What is not in it is gone.
    case checks([Check])
    case result(CheckResult)
    case change(CheckChange)
}

/// Where results go. Any number of them get every event.
public protocol WatchOutput: Sendable {
    /// How the log calls it: `ndjson results.ndjson`.
    var name: String { get }

    /// The sockets that it serves, which listen already: nothing listens anew once the process is hardened.
    var listeners: [LocalListener] { get }

    /// Begins; once, before the first event and after the process gave up its privileges: files are open by then.
    /// - Parameter watch: for outputs that speak to the network, whose engine is the only client in the process, or that
    ///   measure by themselves (`measure`).
    /// - Throws: one sentence.
    func start(_ watch: Watch, _ logger: Logger) throws(ConfigurationError)

    /// Takes an event. Called on a reactor's thread, one call at a time: it must not block, and it holds a bounded
    /// number of bytes; what finds no room is dropped and counted.
    func receive(_ event: WatchEvent)

    /// Events that never got to where they should.
    var dropped: Int { get }

    /// Returns once everything received is where it should be, or after a few seconds at most. Nothing is received any
    /// more.
    func finish() async
}

extension WatchOutput {
    public var listeners: [LocalListener] { [] }
}

/// An output as the file declares it: read and checked, and nothing opened yet.
///
/// A new kind of output is a type like this in `Watch/Outputs` and one line in `WatchOutputs.kinds`.
protocol WatchOutputPlan: Sendable {
    /// Its key in the file's `outputs` list.
    static var kind: String { get }

    /// Reads its settings; what it does not read is refused afterwards.
    /// - Parameter registry: the tools that the file may name.
    init(_ settings: inout YAMLReader, _ registry: ToolRegistry) throws(ConfigurationError)

    /// Folders in which it makes and replaces files after start-up (`HardeningPaths`).
    var folders: [String] { get }

    /// The file that it writes, which must be nobody else's.
    var file: String? { get }

    /// Opens its files and sockets. Before start-up gives privileges away and before there is a second thread.
    /// - Throws: one sentence that names what cannot be opened.
    func open() throws(ConfigurationError) -> any WatchOutput
}

extension WatchOutputPlan {
    var file: String? { nil }
}

/// THE table of outputs that a file can name.
enum WatchOutputs {
    static let kinds: [any WatchOutputPlan.Type] = [
        NDJSONPlan.self, WebhookPlan.self, HistoryPlan.self, PrometheusPlan.self, OTLPPlan.self, BackendPlan.self,
    ]
}
