import Foundation
import Logging
import ProbeAgent
import ProbeNative
import ServiceLifecycle

/// A node with two tools more than `probe-agent` has. Configured by the same PROBEOPS_* variables.
@main struct CustomTool {
    static func main() async throws {
        let logger = Logger(label: "custom-tool")
        do {
            let loaded = try ConfigurationLoader(flags: [:], environment: ProcessInfo.processInfo.environment).load()
            let node = try ProbeNode(loaded.configuration, tools: addTools, logger: logger)
            // A node that was drained ends by itself, and the program with it.
            let group = ServiceGroup(
                configuration: .init(
                    services: [.init(service: node, successTerminationBehavior: .gracefullyShutdownGroup)],
                    gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
            try await group.run()
        } catch let error as ConfigurationError {
            logger.critical("\(error)")
            exit(ConfigurationError.exitCode)
        }
    }

    static func addTools(_ registry: inout ToolRegistry) {
        registry.add(RedisTool(), isReactorSafe: true)
        // The simple form. It may block: it has a thread of its own.
        registry.add("words", summary: "counts the words of a file below /usr/share") {
            tool, target, parameters, timeout in
            guard !target.contains("..") else { throw InvalidInput("The target must not contain \"..\".") }
            guard let text = try? String(contentsOfFile: "/usr/share/" + target, encoding: .utf8) else {
                throw ProbeFailure(.response, .expectationFailed, "There is no text in /usr/share/\(target).")
            }
            return [.init("words", .integer(Int64(text.split(whereSeparator: \.isWhitespace).count)))]
        }
    }
}
