import ProbeNative
import ProbeProtocol

/// One kind of job of a load: what is asked, and what a right answer has in it.
struct JobKind: Decodable, Sendable {
    var name: String
    var tool: String
    /// `{}` stands for the job's number, `{host}` for two octets made from it.
    var target: String
    /// A JSON object.
    var parameters: String?
    /// Seconds.
    var timeout: Double?
    /// Texts that each answer must have, as they stand in the JSON.
    var expect: [String]
    /// A field whose number is collected from each answer, such as `query_ms`.
    var field: String?
}

/// Job messages of a kind, made by joining what was encoded once. It must cost next to nothing beside the node's work.
struct JobTemplate: Sendable {
    let kind: JobKind
    let expected: [TextPattern]
    /// `"query_ms":`
    let field: TextPattern?
    private let head: [UInt8]
    private let target: [Piece]
    private let tail: [UInt8]

    private enum Piece {
        case text([UInt8])
        case number
        case host
    }

    init(_ kind: JobKind) {
        self.kind = kind
        expected = kind.expect.map(TextPattern.init)
        field = kind.field.map { TextPattern("\"\($0)\":") }
        head = Array("{\"type\":\"diagnostic_job\",\"tool\":\"\(kind.tool)\",\"target\":\"".utf8)
        target = Self.pieces(kind.target)
        let timeout = kind.timeout.map { ",\"timeout\":\($0)" } ?? ""
        tail = Array("\",\"parameters\":\(kind.parameters ?? "{}")\(timeout),\"request_id\":\"".utf8)
    }

    /// Appends the message of job `number` of run `run`.
    func write(run: Int, number: Int, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: head)
        for piece in target {
            switch piece {
            case .text(let text): bytes.append(contentsOf: text)
            case .number: Self.write(number, to: &bytes)
            case .host:
                Self.write(number / 250 % 250, to: &bytes)
                bytes.append(UInt8(ascii: "."))
                Self.write(number % 250 + 1, to: &bytes)
            }
        }
        bytes.append(contentsOf: tail)
        Self.write(run, to: &bytes)
        bytes.append(UInt8(ascii: "-"))
        Self.write(number, to: &bytes)
        bytes.append(contentsOf: [UInt8(ascii: "\""), UInt8(ascii: "}")])
    }

    /// The job as the node's intake reads it.
    func job(_ number: Int) throws -> JobMessage {
        var bytes: [UInt8] = []
        write(run: 0, number: number, to: &bytes)
        guard case .job(let job) = try InboundMessage.decode(bytes) else {
            throw InvalidInput("The job of kind \(kind.name) cannot be sent: it is no job message.")
        }
        return job
    }

    private static func pieces(_ text: String) -> [Piece] {
        var pieces: [Piece] = []
        var rest = Substring(text)
        while let open = rest.firstIndex(of: "{") {
            pieces.append(.text(Array(rest[..<open].utf8)))
            let isHost = rest[open...].hasPrefix("{host}")
            pieces.append(isHost ? .host : .number)
            rest = rest[open...].dropFirst(isHost ? 6 : 2)
        }
        pieces.append(.text(Array(rest.utf8)))
        return pieces
    }

    private static func write(_ number: Int, to bytes: inout [UInt8]) {
        var scale = 1
        while number / scale >= 10 { scale *= 10 }
        while scale > 0 {
            bytes.append(UInt8(ascii: "0") + UInt8(number / scale % 10))
            scale /= 10
        }
    }
}
