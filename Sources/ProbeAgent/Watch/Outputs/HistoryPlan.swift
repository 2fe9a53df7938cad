import ProbeNative

/// `sqlite: {file: history.db, keep: 30d, keep_rollups: 2y}`.
struct HistoryPlan: WatchOutputPlan {
    static let kind = "sqlite"

    let path: String
    let ages: HistoryAges

    init(_ settings: inout YAMLReader, _ registry: ToolRegistry) throws(ConfigurationError) {
        path = settings.path(try settings.require("file", .path))
        let results = try settings.read("keep", .age(.seconds(2 * 3600)...years(10))) ?? .seconds(30 * 86400)
        let rollups = try settings.read("keep_rollups", .age(.seconds(2 * 3600)...years(10))) ?? max(years(2), results)
        guard rollups >= results else {
            throw settings.value.refusal("keep_rollups must not be shorter than keep: roll-ups outlive results.")
        }
        ages = HistoryAges(results: results.wholeNanoseconds / 1000, rollups: rollups.wholeNanoseconds / 1000)
    }

    var folders: [String] { [WatchFile.folder(of: path)] }
    var file: String? { path }

    /// SQLite opens the file as whom the process will be: it makes others beside it, and all must belong to one.
    func open() throws(ConfigurationError) -> any WatchOutput {
        _ = try HistorySchema.isThere(path)
        do throws(Errno) { return try HistoryOutput(path, ages) } catch {
            throw ConfigurationError("sqlite \(path) cannot be written: \(error).")
        }
    }
}

private func years(_ count: Int) -> Duration { .seconds(count * 365 * 86400) }

extension ValueFormat where Value == Duration {
    /// Hours to years.
    fileprivate static func age(_ range: ClosedRange<Duration>) -> Self {
        Self(allowed: "a time from 2h to 10y (with a unit: 36h, 30d, 8w, 2y)") { text in
            let units = ["h": 3600, "d": 86400, "w": 7 * 86400, "y": 365 * 86400]
            guard let unit = text.last.flatMap({ units[String($0)] }), let number = Int(text.dropLast()),
                (1...100_000).contains(number), range.contains(.seconds(number * unit))
            else { return nil }
            return .seconds(number * unit)
        }
    }
}
