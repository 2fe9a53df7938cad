import Logging
import ProbeAgent
import ProbeNative

/// SIGHUP: the configuration is put together again, from the same flags, the same environment and the file as it is now,
/// and what may change does. Confined to the main thread.
struct NodeReload {
    /// What is in force, and the texts that it came from.
    var loaded: LoadedConfiguration
    let load: () throws(ConfigurationError) -> LoadedConfiguration
    let node: ProbeNode
    let log: LogOutput
    let notifier: ServiceNotifier?
    let logger: Logger

    mutating func run() {
        notifier?.reloading(at: SystemTime().now)
        defer { notifier?.ready() }
        let new: LoadedConfiguration
        do throws(ConfigurationError) { new = try load() } catch {
            logger.error("agent.reload_failed", metadata: ["reason": "\(error) Everything stays as it was."])
            return
        }
        // Against what the process was started with: a setting that waits for a restart is named each time.
        let (reloadable, fixed) = loaded.changes(to: new)
        loaded.configuration = new.configuration
        log.level = new.configuration.logLevel
        node.reload(new.configuration)
        loaded.take(reloadable, of: new)
        for warning in new.warnings where !loaded.warnings.contains(warning) {
            logger.warning("agent.warning", metadata: ["reason": "\(warning)"])
        }
        loaded.warnings = new.warnings
        let names = fixed.joined(separator: ",")
        if !fixed.isEmpty {
            logger.warning(
                "agent.reload_ignored",
                metadata: ["settings": "\(names)", "reason": "a restart is needed for \(names)"])
        }
        logger.notice("agent.reloaded", metadata: ["settings": "\(reloadable.joined(separator: ","))"])
    }
}
