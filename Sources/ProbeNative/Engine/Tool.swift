/// A diagnostic. A new one is a folder with a type like this and one line in `ToolRegistry`.
public protocol Tool: Sendable {
    /// What is measured: a `Host` unless the tool says otherwise.
    associatedtype Target: Sendable & CustomStringConvertible = Host
    associatedtype Parameters: Sendable

    /// On the wire and the command line: snake_case.
    var name: String { get }
    /// One line for `--help`.
    var summary: String { get }
    /// What the target is, for `--help`: "host", "URL".
    var targetHelp: String { get }

    func target(_ text: String) throws(InvalidInput) -> Target

    /// Reads the typed parameters; every reading declares its parameter (see `ParameterReader`). What does not fit is
    /// refused through the reader.
    func parameters(_ reader: inout ParameterReader, _ common: CommonParameters) -> Parameters

    /// How long a run takes at worst by its parameters; a job without a timeout gets at least this.
    func expectedDuration(_ parameters: Parameters) -> Duration

    /// How many of the node's slots a run takes.
    func weight(_ parameters: Parameters) -> Int

    /// Runs on a reactor as a task that prefers it. The task is cancelled at the deadline, on `cancel_job` and at
    /// shutdown: then return at once what there is, with `.cancelled(stage)`; the engine puts the true reason in.
    func run(_ target: Target, _ parameters: Parameters, in context: ProbeContext) async -> ProbeOutcome
}

extension Tool {
    public var targetHelp: String { "host name or IP address" }
    public func expectedDuration(_ parameters: Parameters) -> Duration { .zero }
    public func weight(_ parameters: Parameters) -> Int { 1 }
}

extension Tool where Target == Host {
    public func target(_ text: String) throws(InvalidInput) -> Host { try Host(text) }
}

/// A tool with its target and parameters checked: ready to run.
public struct PreparedProbe: Sendable {
    public var tool: String
    /// As it was asked for.
    public var target: String
    public var common: CommonParameters
    public var ignoredParameters: [String]
    public var expectedDuration: Duration
    public var weight: Int
    let run: @Sendable (ProbeContext) async -> ProbeOutcome
}

extension Tool {
    /// Checks a job's target and parameters.
    public func prepare(
        target text: String, parameters members: [ParameterValue.Member] = []
    ) throws(InvalidInput) -> PreparedProbe {
        let target = try target(text)
        var reader = ParameterReader(members)
        let common = CommonParameters(&reader)
        let parameters = parameters(&reader, common)
        let ignored = try reader.finish()
        return PreparedProbe(
            tool: name, target: text, common: common, ignoredParameters: ignored,
            expectedDuration: expectedDuration(parameters), weight: weight(parameters)
        ) { context in await self.run(target, parameters, in: context) }
    }

    /// Checks parameters for targets that are not known yet.
    /// - Returns: the names of those that the tool does not have.
    public func check(parameters members: [ParameterValue.Member]) throws(InvalidInput) -> [String] {
        var reader = ParameterReader(members)
        let common = CommonParameters(&reader)
        _ = parameters(&reader, common)
        return try reader.finish()
    }

    /// Checks a target by itself.
    public func check(target text: String) throws(InvalidInput) { _ = try target(text) }

    /// Every parameter that the tool takes, its own first.
    public var declarations: [ParameterReader.Declaration] {
        let common = ParameterReader.describe { _ = CommonParameters(&$0) }
        let all = ParameterReader.describe { reader in
            let common = CommonParameters(&reader)
            _ = parameters(&reader, common)
        }
        return Array(all.dropFirst(common.count)) + common
    }
}
