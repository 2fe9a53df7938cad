#if canImport(Glibc)
    import Glibc
#endif

public enum ProcessEnvironment {
    /// As environ(7) has them now. By hand, because Foundation's ProcessInfo would bring its megabytes along for this alone.
    public static var variables: [String: String] {
        var variables: [String: String] = [:]
        var entry = environ
        while let text = entry.pointee.map({ String(cString: $0) }) {
            if let equals = text.firstIndex(of: "=") {
                variables[String(text[..<equals])] = String(text[text.index(after: equals)...])
            }
            entry += 1
        }
        return variables
    }
}
