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

    static func output(_ text: String) { output(text.utf8) }
    static func complain(_ sentence: String) { _ = write("probe-agent: \(sentence)\n".utf8, to: STDERR_FILENO) }

    /// Ends the process, after a sentence, when it cannot be written: whoever reads a file of it must not take a part for
    /// the whole. A reader that is gone, or a terminal, is no error of ours.
    static func output(_ bytes: some Collection<UInt8>) {
        let code = write(bytes, to: STDOUT_FILENO)
        if [0, EPIPE, EIO].contains(code) { return }
        complain(OutputError("standard output", code).description)
        ProcessEnd.now(OutputError.exitCode)
    }

    /// Unbuffered, so that nothing is left behind when the process ends.
    /// - Returns: 0, or errno.
    private static func write(_ bytes: some Collection<UInt8>, to fd: Int32) -> Int32 {
        var rest = Array(bytes)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(fd, $0.baseAddress, $0.count) }
            if count < 0 {
                let code = errno
                if code == EINTR { continue }
                guard code == EAGAIN else { return code }
                // Somebody who shares it made it non-blocking.
                var ready = pollfd(fd: fd, events: Int16(POLLOUT), revents: 0)
                poll(&ready, 1, -1)
                continue
            }
            rest = rest.dropFirst(count)
        }
        return 0
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
