import ProbeAgent
import ProbeNative

/// The doctor's page, as it grows. A finding is a line, what to do about it another.
struct DoctorPage: Sendable {
    private let style: Style
    /// The last line may be written over.
    private let isInteractive: Bool
    private let write: @Sendable (String) -> Void

    private static let column = 20

    init(color: Bool, isInteractive: Bool, write: @escaping @Sendable (String) -> Void = { Terminal.output($0) }) {
        style = Style(color: color)
        self.isInteractive = isInteractive
        self.write = write
    }

    func show(_ event: Doctor.Event) {
        switch event {
        case .group(let title): write("\(erasing)\n\(style.strong(title))\n")
        case .looking(let name): if isInteractive { write("\(erasing)  \(style.faint("… \(name)"))") }
        case .found(let finding): write(erasing + line(finding))
        }
    }

    func end(_ report: DoctorReport) {
        let (failed, warnings) = (report.count(.failed), report.count(.warning))
        func counted(_ number: Int, _ word: String, _ plural: String) -> String {
            "\(number) \(number == 1 ? word : plural)"
        }
        let words = [
            failed > 0 ? style.bad(counted(failed, "cross", "crosses")) : style.good("Nothing is crossed"),
            warnings > 0 ? counted(warnings, "warning", "warnings") : nil,
        ].compactMap(\.self)
        write("\(erasing)\n\(words.joined(separator: ", ")).\n")
    }

    private var erasing: String { isInteractive ? "\r\u{1b}[K" : "" }

    private func line(_ finding: Finding) -> String {
        var text = "  \(mark(finding.state)) \(finding.name.printable().padded(to: Self.column)) "
        let detail = finding.detail.printable()
        text += finding.state == .skipped ? style.faint(detail) : detail
        if let duration = finding.duration { text += style.faint("  \(Self.shown(duration))") }
        text += "\n"
        if let advice = finding.advice { text += "      → \(advice.printable())\n" }
        return text
    }

    private func mark(_ state: Finding.State) -> String {
        switch state {
        case .good: style.good("✓")
        case .warning: style.strong("!")
        case .failed: style.bad("✗")
        case .skipped: style.faint("-")
        }
    }

    private static func shown(_ duration: Duration) -> String {
        let milliseconds = duration.inMilliseconds
        if milliseconds >= 1000 { return "\((milliseconds / 100).rounded() / 10) s" }
        return milliseconds >= 10 ? "\(Int(milliseconds.rounded())) ms" : "\((milliseconds * 10).rounded() / 10) ms"
    }
}
