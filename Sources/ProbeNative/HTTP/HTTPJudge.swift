/// Holds an answer against what a job expects of it.
struct HTTPJudge {
    /// Of what was seen, as it is reported.
    private static let shown = 200

    let report: HTTPReport
    /// Decoded.
    let body: [UInt8]
    let reactor: Reactor
    private var document: Result<ParameterValue, MalformedMessage>?

    init(_ report: HTTPReport, body: [UInt8], on reactor: Reactor) {
        self.report = report
        self.body = body
        self.reactor = reactor
    }

    /// - Throws: `cancelled` with the task, at stage `expectation`.
    mutating func judge(_ expectation: HTTPExpectation) async throws(ProbeFailure) -> HTTPExpectationResult {
        var result = HTTPExpectationResult(name: expectation.name, isMet: false, seen: .null)
        switch expectation.test {
        case .status(let ranges):
            let status = report.last.status ?? 0
            result.seen = .integer(status)
            result.isMet = ranges.contains { $0.contains(status) }
        case .time(let limit):
            let total = report.phases.total
            result.seen = .number(total.inMilliseconds)
            result.isMet = total <= limit
        case .certificateDays(let days): judgeCertificate(days, &result)
        case .header(let name, let test): try await judgeHeader(name, test, &result)
        case .body(let pattern): try await judgeBody(pattern, mayMatch: true, &result)
        case .bodyWithout(let pattern): try await judgeBody(pattern, mayMatch: false, &result)
        case .json(let pointer, let test): try await judgeValue(pointer, test, &result)
        }
        return result
    }

    private func judgeCertificate(_ days: Int, _ result: inout HTTPExpectationResult) {
        guard let security = report.last.security else {
            result.remark = "There is no TLS."
            return
        }
        guard let left = security.daysLeft else {
            result.remark = "There is no certificate."
            return
        }
        result.seen = .integer(left)
        result.isMet = left >= days
    }

    private func judgeHeader(
        _ name: String, _ test: HTTPTextTest, _ result: inout HTTPExpectationResult
    ) async throws(ProbeFailure) {
        guard let value = report.fields.first(where: { $0.name == name })?.value else {
            result.remark = "The answer has no such field."
            return
        }
        result.seen = .string(Self.excerpt(value.utf8))
        switch test {
        case .equals(let text): result.isMet = value == text
        case .matches(let pattern): result.isMet = try await matches(pattern, value, &result)
        case .either(let pattern):
            if value == pattern.text {
                result.isMet = true
            } else {
                result.isMet = try await matches(pattern, value, &result)
            }
        }
    }

    private func matches(
        _ pattern: Pattern, _ text: String, _ result: inout HTTPExpectationResult
    ) async throws(ProbeFailure) -> Bool {
        switch try await pattern.search(Array(text.utf8), on: reactor) {
        case .match: return true
        case .noMatch: return false
        case .exceeded(let limit):
            result.remark = "The pattern \(limit.reason)."
            return false
        }
    }

    private func judgeBody(
        _ pattern: Pattern, mayMatch: Bool, _ result: inout HTTPExpectationResult
    ) async throws(ProbeFailure) {
        switch try await pattern.search(body, on: reactor) {
        case .match(let range):
            result.isMet = mayMatch
            result.seen = .string(Self.excerpt(body[range]))
        case .noMatch:
            result.isMet = !mayMatch
            result.remark = cutRemark ?? (mayMatch ? "It matches nowhere." : nil)
        case .exceeded(let limit): result.remark = "The pattern \(limit.reason)."
        }
    }

    private mutating func judgeValue(
        _ pointer: JSONPointer, _ test: HTTPValueTest, _ result: inout HTTPExpectationResult
    ) async throws(ProbeFailure) {
        let document = document ?? read()
        self.document = document
        guard case .success(let whole) = document else {
            if case .failure(let problem) = document {
                result.remark = cutRemark ?? "The body is not JSON: \(problem)."
            }
            return
        }
        guard let value = pointer.value(in: whole) else {
            result.remark = "There is nothing."
            return
        }
        result.seen = value.shown(atMost: Self.shown)
        switch test {
        case .equals(let wanted): result.isMet = value.isEquivalent(to: wanted)
        case .matches(let pattern):
            guard let text = value.scalarText else {
                result.remark = "It is no text."
                return
            }
            result.isMet = try await matches(pattern, text, &result)
        }
    }

    private func read() -> Result<ParameterValue, MalformedMessage> {
        do throws(MalformedMessage) { return .success(try JSONDocument.read(body)) } catch { return .failure(error) }
    }

    private var cutRemark: String? {
        let looked = min(body.count, Pattern.subjectLimit)
        guard report.isTruncated || looked < report.bodyCount ?? 0 else { return nil }
        return "Only the first \(looked) bytes of the body were looked at."
    }

    private static func excerpt(_ bytes: some Collection<UInt8>) -> String {
        let text = String(decoding: bytes.prefix(shown), as: UTF8.self)
        return bytes.count > shown ? text + "..." : text
    }
}

extension ParameterValue {
    /// Equal as JSON values: numbers by their value, objects in any order of members. A text is also equal to a number,
    /// boolean or null that is written so, because a command line has only texts.
    func isEquivalent(to wanted: ParameterValue) -> Bool {
        switch (self, wanted) {
        case (.array(let mine), .array(let theirs)):
            return mine.count == theirs.count && zip(mine, theirs).allSatisfy { $0.isEquivalent(to: $1) }
        case (.object, .object):
            let (mine, theirs) = (memberNames, wanted.memberNames)
            return mine == theirs
                && mine.allSatisfy { name in
                    guard let value = self[name], let other = wanted[name] else { return false }
                    return value.isEquivalent(to: other)
                }
        case (.null, .string(let text)): return text == "null"
        case (.string(let mine), .string(let theirs)): return mine == theirs
        case (_, .string(let text)): return scalarText == text
        case (.integer(let number), .number(let other)): return Double(number) == other
        case (.number(let number), .integer(let other)): return number == Double(other)
        default: return self == wanted
        }
    }

    private var memberNames: Set<String> {
        guard case .object(let members) = self else { return [] }
        return Set(members.map(\.name))
    }

    /// For a report: lists and objects by what they are.
    func shown(atMost limit: Int) -> ReportValue {
        switch self {
        case .null: .string("null")
        case .bool(let flag): .bool(flag)
        case .integer(let number): .integer(Int(number))
        case .number(let number): .number(number)
        case .string(let text): .string(text.count > limit ? text.prefix(limit) + "..." : text)
        case .array(let elements): .string("a list of \(elements.count)")
        case .object(let members): .string("an object of \(members.count)")
        }
    }
}
