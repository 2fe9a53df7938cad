import ProbeNative

/// Makes an encoded `diagnostic_response` smaller, for a backend that turned out to take less than the wire's limit.
/// Rare, so it goes by way of a parsed tree.
public enum ResultShrinker {
    /// The long members of a result, in the order in which they go (`CutPart`'s).
    private static let parts = ["body", "text", "ports", "probes", "packets", "hops", "chain", "records", "headers"]

    /// The frame within `limit` bytes: long members left out and named in `truncated_fields`, or else the result
    /// replaced by `result_too_large`, which is small but may still exceed a very small limit.
    public static func shrink(_ bytes: [UInt8], requestID: String, to limit: Int) -> [UInt8] {
        guard var frame = members(bytes), let index = frame.firstIndex(where: { $0.name == "result" }),
            case .object(var result) = frame[index].value
        else { return replacement(requestID, of: []) }
        let untouched = result
        var gone = result.strings("truncated_fields")
        for part in parts where limit > 0 {
            guard let at = result.firstIndex(where: { $0.name == part }) else { continue }
            result.remove(at: at)
            if !gone.contains(part) { gone.append(part) }
            result.removeAll { $0.name == "truncated_fields" }
            result.append(.init("truncated_fields", .array(gone.map(ParameterValue.string))))
            frame[index].value = .object(result)
            let smaller = JSONWriter.object(frame)
            if smaller.count <= limit { return smaller }
        }
        return replacement(requestID, of: untouched)
    }

    private static func replacement(_ requestID: String, of result: [ParameterValue.Member]) -> [UInt8] {
        JSONWriter.object(
            TooLarge(
                requestID: requestID, tool: result.text("tool")?.cut(toBytes: 64),
                target: result.text("target")?.cut(toBytes: 1024),
                timestamp: result.text("timestamp")))
    }

    private static func members(_ bytes: [UInt8]) -> [ParameterValue.Member]? {
        bytes.withUnsafeBytes { raw in
            var members: [ParameterValue.Member] = []
            var parser = JSONParser(raw)
            do throws(MalformedMessage) {
                try parser.document { (name, parser) throws(MalformedMessage) in
                    members.append(.init(name.string, try parser.value(depth: 1)))
                }
                return members
            } catch { return nil }
        }
    }
}

private struct TooLarge: Report {
    var requestID: String
    var tool: String?
    var target: String?
    var timestamp: String?

    func write(to writer: inout some ReportWriter) {
        writer.field("type", "diagnostic_response")
        writer.field("request_id", requestID)
        writer.object("result") { writer in
            writer.field("success", false)
            writer.field("tool", tool)
            writer.field("target", target)
            writer.field("error", "The backend takes no frame as large as this result.")
            writer.field("error_code", ErrorCode.resultTooLarge.rawValue)
            writer.field("stage", Stage.response.rawValue)
            writer.field("timestamp", timestamp)
        }
        writer.field("success", false)
        writer.field("timestamp", timestamp)
    }
}

extension [ParameterValue.Member] {
    fileprivate func text(_ name: String) -> String? {
        if case .string(let text) = last(where: { $0.name == name })?.value { text } else { nil }
    }
    fileprivate func strings(_ name: String) -> [String] {
        guard case .array(let elements) = last(where: { $0.name == name })?.value else { return [] }
        return elements.compactMap { if case .string(let text) = $0 { text } else { nil } }
    }
}
