import ArgumentParser

/// `500MiB`, `10GiB`, `2TiB`, or a number of bytes.
struct ByteCount: ExpressibleByArgument {
    let bytes: Int64

    init(bytes: Int64) {
        self.bytes = bytes
    }

    init?(argument: String) {
        let units: [(String, Int64)] = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40)]
        let (name, unit) = units.first { argument.hasSuffix($0.0) } ?? ("", 1)
        guard let count = Int64(argument.dropLast(name.count)), count > 0 else { return nil }
        let (bytes, isTooLarge) = count.multipliedReportingOverflow(by: unit)
        guard !isTooLarge else { return nil }
        self.init(bytes: bytes)
    }

    var defaultValueDescription: String { "10GiB" }
}
