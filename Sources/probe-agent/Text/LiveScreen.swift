import ProbeNative

/// Shows partial reports while a diagnostic runs, on the terminal's other screen (xterm's 1049), so that the final text
/// stands alone afterwards. Confined to the main thread.
final class LiveScreen {
    private let target: String
    private let style: Style
    private var isOpen = false

    init(target: String, color: Bool) {
        self.target = target
        style = Style(color: color)
    }

    /// What `report` looks like while it grows; nil for those that are shown only when they are done.
    static func text(_ report: any Report, target: String, _ style: Style) -> String? {
        switch report {
        case let report as MTRReport: MTRText.table(report, target: target, style)
        default: nil
        }
    }

    func show(_ report: any Report) {
        if let text = Self.text(report, target: target, style) { show(text: text) }
    }

    func show(text: String) {
        if !isOpen {
            // The other screen; no wrapping, so that a long row does not push others down; no cursor.
            Terminal.output("\u{1b}[?1049h\u{1b}[?7l\u{1b}[?25l")
            isOpen = true
        }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        // From the top left, each line's old rest erased, then what is below.
        Terminal.output("\u{1b}[H" + lines.joined(separator: "\u{1b}[K\n") + "\u{1b}[J")
    }

    func close() {
        guard isOpen else { return }
        isOpen = false
        Terminal.output("\u{1b}[?25h\u{1b}[?7h\u{1b}[?1049l")
    }
}
