import ProbeNative

#if canImport(Glibc)
    import Glibc
#endif

/// What is watched and where results go: a YAML file and those that it includes (docs/watch.md).
public struct WatchFile: Sendable {
    static let mostChecks = 20_000
    /// Of one entry.
    static let mostHosts = 10_000
    static let mostFiles = 100
    static let deepestInclude = 8
    /// Starts a second, of all checks together.
    static let fastest = 2000.0

    public let path: String
    public private(set) var checks: [Check] = []
    /// As they are declared; nothing is open yet.
    let outputs: [any WatchOutputPlan]

    /// Starts a second.
    public var rate: Double { checks.reduce(0) { $0 + 1 / $1.timing.every.inSeconds } }

    /// - Throws: one sentence with `path:line:` before it.
    public init(path: String, registry: ToolRegistry) throws(ConfigurationError) {
        self.path = path
        // Its file may not be read any more when the first window is asked about.
        tzset()
        var loader = WatchFileLoader(registry)
        try loader.load(path)
        checks = loader.checks
        outputs = loader.outputs
        guard !checks.isEmpty else {
            throw ConfigurationError("\(path):1: there are no checks: a list is expected below checks.")
        }
        guard rate <= Self.fastest else {
            throw ConfigurationError(
                "\(path):1: the checks make \(Int(rate)) starts a second together, and \(Int(Self.fastest)) are allowed."
            )
        }
    }

    /// The same checks by the tools of `registry`: those that start-up has given their sockets.
    /// - Throws: one sentence, when a tool is missing there.
    public func with(_ registry: ToolRegistry) throws(ConfigurationError) -> WatchFile {
        var file = self
        for (index, check) in checks.enumerated() {
            guard let probe = try? registry[check.tool]?.prepare(target: check.target, parameters: check.parameters)
            else {
                throw ConfigurationError("\(check.place): the tool \(check.tool) cannot be used here.")
            }
            file.checks[index].probe = probe
        }
        return file
    }

    /// The kinds of its outputs.
    public var outputNames: [String] { outputs.map { type(of: $0).kind } }

    /// Opens the outputs that the file names; before start-up.
    public func openOutputs() throws(ConfigurationError) -> [any WatchOutput] {
        var opened: [any WatchOutput] = []
        for output in outputs { opened.append(try output.open()) }
        return opened
    }

    /// What is read again on a reload, and where outputs make files.
    public var hardeningPaths: HardeningPaths {
        HardeningPaths(read: [Self.folder(of: path)], write: outputs.flatMap(\.folders))
    }

    static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}

/// Reads a file and its includes into checks.
private struct WatchFileLoader {
    private let registry: ToolRegistry
    private var builder: CheckBuilder
    private var templates: [String: (entries: [CheckEntry], place: String)] = [:]
    private var files = 0
    /// The real paths of the files that are being read, outermost first.
    private var open: [String] = []
    /// Files that are read or written, and what for: an output needs one of its own.
    private var taken: [FileIdentity: String] = [:]
    var outputs: [any WatchOutputPlan] = []
    var checks: [Check] { builder.checks }

    init(_ registry: ToolRegistry) {
        self.registry = registry
        builder = CheckBuilder(registry)
    }

    mutating func load(_ path: String) throws(ConfigurationError) { try load(path, CheckOptions(), from: nil) }

    /// - Parameter including: the line that names the file; nil for the first.
    private mutating func load(
        _ path: String, _ inherited: CheckOptions, from including: YAMLValue?
    ) throws(ConfigurationError) {
        let real = realpath(path, nil).map { pointer in
            defer { free(pointer) }
            return String(cString: pointer)
        }
        if let including {
            guard real != nil else { throw including.refusal("\(path) cannot be read: \(Errno(rawValue: errno)).") }
            if open.contains(real ?? "") { throw including.refusal("\(path) includes itself, by way of this line.") }
            guard open.count < WatchFile.deepestInclude else {
                throw including.refusal("files include each other over more than \(WatchFile.deepestInclude) levels.")
            }
            guard files < WatchFile.mostFiles else {
                throw including.refusal("more than \(WatchFile.mostFiles) files are included.")
            }
        }
        files += 1
        open.append(real ?? path)
        defer { open.removeLast() }
        if let identity = FileIdentity(path) { taken[identity] = "a file of checks" }
        guard let root = try YAMLFile.read(path) else { return }
        var reader = try YAMLReader(root, "the file")
        var options = inherited
        if let value = reader.take("defaults") {
            var defaults = try YAMLReader(value, "defaults")
            options = try CheckOptions(&defaults).over(inherited)
            try defaults.finish()
        }
        if let value = reader.take("templates") { try addTemplates(value) }
        let (included, entries, declared) = (reader.take("include"), reader.take("checks"), reader.take("outputs"))
        try reader.finish()
        for value in try included?.elements("include", limit: WatchFile.mostFiles) ?? [] {
            try load(try fileNamed(value), options, from: value)
        }
        for value in try entries?.elements("checks", limit: WatchFile.mostChecks) ?? [] { try addCheck(value, options) }
        if let declared {
            if including != nil {
                throw declared.refusal("outputs belong into the first file, not into one it includes.")
            }
            try addOutputs(declared)
        }
    }

    /// Below the including file's folder, which is all that the hardened process can read again.
    private func fileNamed(_ value: YAMLValue) throws(ConfigurationError) -> String {
        let name = try value.read("include", .path)
        guard !name.hasPrefix("/"), !name.split(separator: "/").contains("..") else {
            throw value.refusal(
                "an included file is named relative to this one and lies in its folder or below, "
                    + "not \(name.quotedForMessage).")
        }
        return value.path.contains("/") ? WatchFile.folder(of: value.path) + "/" + name : name
    }

    private mutating func addTemplates(_ value: YAMLValue) throws(ConfigurationError) {
        for (key, body) in try value.members("templates") {
            let name = try key.read("a template's name", .title)
            if let place = templates[name]?.place {
                throw key.refusal("the template \(name.quotedForMessage) is there already (\(place)).")
            }
            var entries: [CheckEntry] = []
            for element in try body.elements("the template \(name)", limit: 100) {
                var reader = try YAMLReader(element, "a check of a template")
                entries.append(try CheckEntry(&reader, isTemplate: true))
                try reader.finish()
            }
            templates[name] = (entries, "\(key.path):\(key.line)")
        }
    }

    private mutating func addCheck(_ value: YAMLValue, _ options: CheckOptions) throws(ConfigurationError) {
        var reader = try YAMLReader(value, "a check")
        guard let name = reader.take("template") else {
            if let hosts = reader.take("hosts") { throw hosts.refusal("hosts go with a template; a tool has targets.") }
            let entry = try CheckEntry(&reader, isTemplate: false)
            try reader.finish()
            return try builder.add(entry, entry.options.over(options))
        }
        let own = try CheckOptions(&reader)
        guard let hosts = reader.take("hosts") else { throw value.refusal("a template must have hosts: a list.") }
        for word in ["tool", "tools", "target", "targets", "parameters", "name"] {
            if let extra = reader.take(word) {
                throw extra.refusal("\(word) belongs into the template, not to its use.")
            }
        }
        try reader.finish()
        let word = try name.read("template", .title)
        guard let template = templates[word] else {
            throw name.refusal(
                "there is no template \(word.quotedForMessage)\(Nearest.hint(word, among: templates.keys.sorted()))")
        }
        for host in try hosts.elements("hosts", limit: WatchFile.mostHosts) {
            for entry in template.entries {
                // What the use says is nearer to the host than what the template says.
                try builder.add(entry, own.over(entry.options.over(options)), host: host)
            }
        }
    }

    private mutating func addOutputs(_ value: YAMLValue) throws(ConfigurationError) {
        let kinds = WatchOutputs.kinds
        for element in try value.elements("outputs", limit: 20) {
            let members = try element.members("an output")
            guard members.count == 1, let (key, settings) = members.first else {
                throw element.refusal("an output is one kind with its settings below it.")
            }
            guard let kind = kinds.first(where: { $0.kind == key.text }) else {
                let word = key.text ?? ""
                throw key.refusal(
                    "there is no output \(word.quotedForMessage)\(Nearest.hint(word, among: kinds.map { $0.kind }))")
            }
            var reader = try YAMLReader(settings, kind.kind)
            let output = try kind.init(&reader, registry)
            try reader.finish()
            if let file = output.file, let identity = FileIdentity(file),
                let use = taken.updateValue("another output's file", forKey: identity)
            {
                throw settings.refusal("\(file) is \(use): an output must have a file of its own.")
            }
            outputs.append(output)
        }
    }
}
