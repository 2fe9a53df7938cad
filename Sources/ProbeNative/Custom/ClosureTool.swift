/// A tool that is one closure: for what needs no typed parameters and no report of its own.
struct ClosureTool: Tool {
    typealias Body =
        @Sendable (
            _ tool: String, _ target: String, _ parameters: [ParameterValue.Member], _ timeout: Duration
        ) async throws -> [ParameterValue.Member]

    let name: String
    let summary: String
    let body: Body

    struct Found: Report {
        var members: [ParameterValue.Member]
        func write(to writer: inout some ReportWriter) {
            guard writer.admits(.body, "result") else { return }
            for member in members { writer.member(member.name, tree: member.value) }
        }
    }

    var targetHelp: String { "what the tool takes" }

    /// Text of at most 2,048 bytes without control characters: what it means, the closure knows.
    func target(_ text: String) throws(InvalidInput) -> String {
        guard !text.isEmpty, text.utf8.count <= 2048, text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) else {
            throw InvalidInput("The target must be text of 1 to 2048 bytes without control characters.")
        }
        return text
    }

    func parameters(_ reader: inout ParameterReader, _ common: CommonParameters) -> [ParameterValue.Member] {
        reader.remaining()
    }

    func run(_ target: String, _ parameters: [ParameterValue.Member], in context: ProbeContext) async -> ProbeOutcome {
        do {
            let members = try await body(name, target, parameters, context.deadline - context.now)
            if let taken = members.first(where: { ProbeResult.fields.contains($0.name) }) {
                return internalError("returned a field named \(taken.name), which is the node's own")
            }
            return ProbeOutcome(Found(members: members))
        } catch let failure as ProbeFailure {
            return ProbeOutcome(failure: failure)
        } catch let input as InvalidInput {
            return ProbeOutcome(failure: input.failure)
        } catch is CancellationError {
            return ProbeOutcome(failure: .cancelled(.response))
        } catch {
            return internalError("failed: \("\(error)".quotedForMessage)")
        }
    }

    private func internalError(_ what: String) -> ProbeOutcome {
        ProbeOutcome(failure: ProbeFailure(.response, .internalError, "The tool \(name) \(what)."))
    }
}
