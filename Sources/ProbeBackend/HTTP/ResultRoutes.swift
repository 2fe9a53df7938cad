import HTTPTypes
import Hummingbird

/// `/api/v1/results`: what the nodes have answered, as one stream for other programs.
struct ResultRoutes: Sendable {
    private static let batch = 200

    let store: SQLStore

    private enum Format: String {
        case ndjson, csv

        var contentType: String { self == .ndjson ? "application/x-ndjson" : "text/csv; charset=utf-8" }
    }

    func add(to group: RouterGroup<some RequestContext>) {
        group.get("results") { request, _ in try await export(request) }
    }

    private func export(_ request: Request) async throws -> Response {
        let filter = try JobFilter(request)
        guard let format = Format(rawValue: try request.query("format") ?? "ndjson") else {
            throw Problem.invalidRequest("\"format\" must be \"ndjson\" or \"csv\".")
        }
        let limit = try request.query("limit").map { text in
            guard let limit = Int(text), limit > 0 else {
                throw Problem.invalidRequest("\"limit\" must be a number above 0.")
            }
            return limit
        }
        // The first ones before the head goes out: a database that fails is told as an error.
        let first = try await store.answeredJobs(filter, after: 0, limit: min(Self.batch, limit ?? Self.batch))
        return Response(
            status: .ok, headers: [.contentType: format.contentType],
            body: ResponseBody { writer in
                if format == .csv { try await writer.write(ByteBuffer(bytes: JobCSV.head)) }
                var (jobs, left) = (first, limit ?? Int.max)
                while let last = jobs.last {
                    let lines = try jobs.map { try format == .csv ? JobCSV.line($0) : Self.line($0) }
                    try await writer.write(ByteBuffer(bytes: lines.joined()))
                    left -= jobs.count
                    guard left > 0, jobs.count == Self.batch else { break }
                    jobs = try await store.answeredJobs(filter, after: last.sequence, limit: min(Self.batch, left))
                }
                try await writer.finish(nil)
            })
    }

    private static func line(_ job: JobRecord) throws -> [UInt8] {
        JSONText.onOneLine(try JobView.text(job, progress: nil)) + [UInt8(ascii: "\n")]
    }
}

/// Jobs as comma-separated values (RFC 4180); the result is a JSON text in the last one.
enum JobCSV {
    static let head = Array(
        """
        request_id,node_uuid,node_name,tool,target,state,success,error_code,execution_time,created_at,sent_at,\
        finished_at,measurement_id,schedule_id,result\r\n
        """.utf8)

    static func line(_ record: JobRecord) throws -> [UInt8] {
        let job = record.job
        let result = record.result.map { String(decoding: JSONText.onOneLine($0.bytes), as: UTF8.self) }
        let fields: [String?] = [
            job.requestID, job.node, record.nodeName, job.tool, job.target, record.state.rawValue,
            record.success.map(String.init), record.errorCode, record.executionTime.map { "\($0)" },
            job.createdAt.text, record.sentAt?.text, record.finishedAt?.text, job.measurementID, job.scheduleID, result,
        ]
        return Array(fields.map(quoted).joined(separator: ",".utf8)) + Array("\r\n".utf8)
    }

    /// By bytes: a quote with a combining mark behind it is another `Character`, and would end the field.
    private static func quoted(_ field: String?) -> [UInt8] {
        guard let field else { return [] }
        let quote = UInt8(ascii: "\"")
        let isPlain = field.utf8.allSatisfy { ![quote, 0x2C, 0x0D, 0x0A].contains($0) }
        if isPlain { return Array(field.utf8) }
        return [quote] + field.utf8.flatMap { $0 == quote ? [quote, quote] : [$0] } + [quote]
    }
}

extension JSONText {
    /// A node may break lines between values; inside its strings JSON has none.
    static func onOneLine(_ text: [UInt8]) -> [UInt8] {
        text.map { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") ? UInt8(ascii: " ") : $0 }
    }
}
