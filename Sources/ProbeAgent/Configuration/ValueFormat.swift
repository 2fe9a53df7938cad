import Logging
import ProbeNative

/// How a setting's text becomes a value, and how that is told to a person who got it wrong.
struct ValueFormat<Value: Sendable>: Sendable {
    /// Continues the sentence "X must be ...".
    let allowed: String
    let read: @Sendable (String) -> Value?
}

extension ValueFormat where Value == String {
    /// Printable ASCII without spaces.
    static func word(limit: Int, _ what: String) -> Self {
        Self(allowed: "\(what) of 1 to \(limit) printable characters without spaces") { text in
            (1...limit).contains(text.utf8.count) && text.utf8.allSatisfy { (0x21...0x7e).contains($0) } ? text : nil
        }
    }

    static var path: Self {
        Self(allowed: "a path of 1 to 4095 bytes") { text in
            (1...4095).contains(text.utf8.count) && !text.utf8.contains(0) ? text : nil
        }
    }

    /// A file that can be opened now: a wrong path should end the start, not the first connection.
    static var readableFile: Self {
        Self(allowed: "a file that this user can read") { BoundedFile.isReadable($0) ? $0 : nil }
    }
}

extension ValueFormat where Value == Secret {
    static var key: Self {
        let word = ValueFormat<String>.word(limit: 4096, "an API key")
        return Self(allowed: word.allowed) { word.read($0).map(Secret.init) }
    }
}

extension ValueFormat where Value == Bool {
    static var flag: Self {
        Self(allowed: "true or false") { text in
            switch text.lowercased() {
            case "true", "yes", "on", "1": true
            case "false", "no", "off", "0": false
            default: nil
            }
        }
    }
}

extension ValueFormat where Value == Int {
    static func integer(_ range: ClosedRange<Int>) -> Self {
        Self(allowed: "a whole number from \(range.lowerBound) to \(range.upperBound)") { text in
            Int(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    /// Bytes, or with the unit KiB or MiB.
    static func bytes(_ range: ClosedRange<Int>) -> Self {
        let bounds = "\(range.lowerBound >> 10) KiB to \(range.upperBound >> 20) MiB"
        return Self(allowed: "a number of bytes from \(bounds) (such as 1048576, 512KiB or 4MiB)") { text in
            let units = ["": 1, "B": 1, "KiB": 1 << 10, "MiB": 1 << 20]
            let digits = text.prefix { $0.isASCII && $0.isNumber }
            guard let unit = units[String(text[digits.endIndex...])], let number = Int(digits) else { return nil }
            let (product, overflow) = number.multipliedReportingOverflow(by: unit)
            return !overflow && range.contains(product) ? product : nil
        }
    }
}

extension ValueFormat where Value == Double {
    static func number(_ range: ClosedRange<Double>) -> Self {
        Self(allowed: "a number from \(range.lowerBound) to \(range.upperBound)") { text in
            Double(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }
}

extension ValueFormat where Value == Duration {
    /// Seconds, or with the unit ms, s, m or h.
    static func duration(_ range: ClosedRange<Duration>) -> Self {
        let bounds = "\(range.lowerBound.shown) to \(range.upperBound.shown)"
        return Self(allowed: "a time from \(bounds) (seconds, or with a unit: 500ms, 15s, 2m)") { text in
            let units = ["": 1, "ms": 0.001, "s": 1, "m": 60, "h": 3600]
            let digits = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            guard let unit = units[String(text[digits.endIndex...])], let number = Double(digits) else { return nil }
            let seconds = number * unit
            guard seconds < 1e6, range.contains(.seconds(fromDouble: seconds)) else { return nil }
            return .seconds(fromDouble: seconds)
        }
    }
}

extension ValueFormat where Value == Logger.Level {
    static var level: Self {
        let names = Logger.Level.allCases.map(\.rawValue)
        return Self(allowed: "one of " + names.joined(separator: ", ")) { text in
            // "warn" and "fatal" are what other programs call them.
            let name = ["warn": "warning", "fatal": "critical"][text.lowercased()] ?? text.lowercased()
            return Logger.Level(rawValue: name)
        }
    }
}

extension Duration {
    /// As the operator would type it: "500ms", "15s", "1h".
    var shown: String {
        let milliseconds = wholeNanoseconds / 1_000_000
        if milliseconds % 3_600_000 == 0, milliseconds > 0 { return "\(milliseconds / 3_600_000)h" }
        return milliseconds % 1000 == 0 ? "\(milliseconds / 1000)s" : "\(milliseconds)ms"
    }
}
