#if canImport(Glibc)
    import Glibc
#endif

/// Colours by meaning, or none. ECMA-48 SGR, the eight colours that every terminal has.
struct Style {
    var color: Bool

    func good(_ text: String) -> String { sgr("32", text) }
    func bad(_ text: String) -> String { sgr("31", text) }
    func strong(_ text: String) -> String { sgr("1", text) }
    func faint(_ text: String) -> String { sgr("2", text) }

    private func sgr(_ code: String, _ text: String) -> String {
        color && !text.isEmpty ? "\u{1b}[\(code)m\(text)\u{1b}[0m" : text
    }
}

/// Standard output and error, as the commands use them.
enum Terminal {
    /// Only on a terminal, and not where the user wants none (no-color.org).
    static let usesColor: Bool = {
        func variable(_ name: String) -> String { getenv(name).map { String(cString: $0) } ?? "" }
        return isatty(STDOUT_FILENO) == 1 && variable("NO_COLOR").isEmpty && variable("TERM") != "dumb"
    }()

    /// Standard output is a terminal that moves its cursor.
    static let isInteractive: Bool = {
        isatty(STDOUT_FILENO) == 1 && getenv("TERM").map { String(cString: $0) } != "dumb"
    }()

    /// Of standard output (ioctl_tty(2)); 80 x 24 where it is not known.
    static var size: (columns: Int, rows: Int) {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
            return (80, 24)
        }
        return (Int(size.ws_col), Int(size.ws_row))
    }

    static func output(_ text: String) { write(text, to: STDOUT_FILENO) }
    static func complain(_ sentence: String) { write("probe-agent: \(sentence)\n", to: STDERR_FILENO) }

    static func output(_ bytes: some Collection<UInt8>) { write(bytes, to: STDOUT_FILENO) }

    private static func write(_ text: String, to fd: Int32) { write(text.utf8, to: fd) }

    /// Unbuffered, so that nothing is left behind when the process ends. A reader that is gone is no error of ours.
    private static func write(_ bytes: some Collection<UInt8>, to fd: Int32) {
        var rest = Array(bytes)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(fd, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR { continue }
                return
            }
            rest = rest.dropFirst(count)
        }
    }
}

extension String {
    /// For text that a peer sent: control characters (C0, DEL, C1) would let it drive the terminal, so they are shown as
    /// `\u{1b}`. Tabs and line ends too, unless `multiline`.
    func printable(multiline: Bool = false) -> String {
        let isHarmless: (Unicode.Scalar) -> Bool = { scalar in
            if multiline, scalar == "\n" || scalar == "\t" { return true }
            // U+202A..2069 turn the direction of what follows (UAX #9), which can make a line read as another.
            return scalar.value >= 0x20 && !(0x7f...0x9f).contains(scalar.value)
                && !(0x202a...0x202e).contains(scalar.value) && !(0x2066...0x2069).contains(scalar.value)
        }
        if unicodeScalars.allSatisfy(isHarmless) { return self }
        var shown = ""
        for scalar in unicodeScalars {
            if multiline, scalar == "\r" { continue }
            shown += isHarmless(scalar) ? String(scalar) : "\\u{\(String(scalar.value, radix: 16))}"
        }
        return shown
    }
}
