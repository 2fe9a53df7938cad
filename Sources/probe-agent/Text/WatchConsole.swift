import ProbeAgent
import ProbeNative

/// What a watch shows on standard output.
final class WatchConsole {
    enum Form: String, CaseIterable {
        case table, lines, json, none

        static let names = allCases.map(\.rawValue).joined(separator: ", ")
    }

    /// Nil when nothing is shown.
    let output: (any WatchOutput)?
    private let board: WatchBoard?
    private let screen = LiveScreen(target: "", color: Terminal.usesColor)

    init(_ form: Form) throws {
        board = form == .table ? WatchBoard() : nil
        let style = Style(color: Terminal.usesColor)
        switch form {
        case .table: output = board
        case .lines: output = try LineOutput.standardOutput { WatchText.line($0, style).map { Array($0.utf8) } }
        case .json: output = try LineOutput.standardOutput(render: LineOutput.json)
        case .none: output = nil
        }
    }

    /// Draws the table if it has changed. For the main thread alone.
    func draw() {
        guard let rows = board?.takeChanged() else { return }
        screen.show(
            text: WatchText.table(rows, Terminal.size, at: SystemTime().wallTime, Style(color: Terminal.usesColor)))
    }

    func close() { screen.close() }
}
