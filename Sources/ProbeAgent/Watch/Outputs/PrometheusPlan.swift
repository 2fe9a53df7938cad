import ProbeNative

/// `prometheus: {listen: 127.0.0.1:9115, probe: {modules: {...}}}`.
struct PrometheusPlan: WatchOutputPlan {
    static let kind = "prometheus"

    let address: LocalAddress
    /// Nil: there is no `/probe`.
    let probing: ProbeEndpoint.Settings?

    init(_ settings: inout YAMLReader, _ registry: ToolRegistry) throws(ConfigurationError) {
        address = try settings.require("listen", .tcpAddress)
        guard let value = settings.take("probe") else {
            probing = nil
            return
        }
        var reader = try YAMLReader(value, "probe")
        probing = try ProbeEndpoint.Settings(&reader, registry)
        try reader.finish()
    }

    var folders: [String] { [] }

    func open() throws(ConfigurationError) -> any WatchOutput {
        PrometheusOutput(try LocalListener(address), probing)
    }
}

extension ProbeEndpoint.Settings {
    init(_ reader: inout YAMLReader, _ registry: ToolRegistry) throws(ConfigurationError) {
        mostAtOnce = try reader.read("max_concurrent", .integer(1...1000)) ?? 64
        offset = try reader.read("timeout_offset", .duration(.zero...(.seconds(60)))) ?? .milliseconds(500.0)
        for module in ProbeModule.builtIn { modules[module.name] = module }
        guard let value = reader.take("modules") else { return }
        for (key, settings) in try value.members("modules") {
            let name = try key.read("a module's name", .title)
            var reader = try YAMLReader(settings, "a module")
            modules[name] = try ProbeModule(name, &reader, registry)
            try reader.finish()
        }
    }
}

extension ValueFormat where Value == LocalAddress {
    /// Prometheus knows no other.
    fileprivate static var tcpAddress: Self {
        Self(allowed: "HOST:PORT, where HOST is an address or localhost (such as 127.0.0.1:9115)") { text in
            if let address = LocalAddress(text), case .tcp = address { address } else { nil }
        }
    }
}
