/// One thing that a job expects of an answer (a member of `expect`).
public struct HTTPExpectation: Sendable {
    enum Test: Sendable {
        case status([ClosedRange<Int>])
        case header(String, HTTPTextTest)
        /// In the decoded body.
        case body(Pattern)
        case bodyWithout(Pattern)
        case json(JSONPointer, HTTPValueTest)
        /// The response time is at most this.
        case time(Duration)
        /// The server's certificate is good for at least so many days.
        case certificateDays(Int)
    }

    /// As it is reported: `status`, `header:content-type`, `json:/state`, ...
    public let name: String
    let test: Test

    init(_ name: String, _ test: Test) {
        self.name = name
        self.test = test
    }

    var readsBody: Bool {
        switch test {
        case .body, .bodyWithout, .json: true
        case .status, .header, .time, .certificateDays: false
        }
    }
}

/// What a text must be.
enum HTTPTextTest: Sendable {
    case equals(String)
    case matches(Pattern)
    /// This text as it stands, or as a pattern.
    case either(Pattern)
}

/// What a JSON value must be.
enum HTTPValueTest: Sendable {
    case equals(ParameterValue)
    case matches(Pattern)
}

/// What became of an expectation.
public struct HTTPExpectationResult: Sendable, Hashable {
    public var name: String
    public var isMet: Bool
    /// What was there instead, or what met it; null where there was nothing.
    public var seen: ReportValue
    /// One sentence where `seen` does not say it all.
    public var remark: String?

    func write(to writer: inout some ReportWriter) {
        writer.field("name", name)
        writer.field("ok", isMet)
        writer.field("seen", seen)
        if let remark { writer.field("reason", remark) }
    }

    /// For the sentence of the failure.
    var complaint: String {
        switch seen {
        case .null: remark.map { "\(name) (\($0.hasSuffix(".") ? String($0.dropLast()) : $0))" } ?? name
        case .string(let text): "\(name) was \(text.quotedForMessage)"
        case .integer(let number): "\(name) was \(number)"
        case .number(let number): "\(name) was \(number)"
        case .bool(let flag): "\(name) was \(flag)"
        case .time: name
        }
    }
}
