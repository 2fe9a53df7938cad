/// What a tool found, as named, typed fields. The wire turns them into JSON, the command line into text.
public protocol Report: Sendable {
    func write(to writer: inout some ReportWriter)
}

/// Receives a report's fields in order. Names are snake_case; times are float milliseconds in fields ending in `_ms`.
public protocol ReportWriter {
    mutating func field(_ name: StaticString, _ value: ReportValue)
    /// Members follow until the matching `endObject`.
    mutating func beginObject(_ name: StaticString)
    mutating func endObject()
    /// Elements follow until the matching `endArray`.
    mutating func beginArray(_ name: StaticString)
    mutating func endArray()
    mutating func beginElementObject()
    mutating func element(_ value: ReportValue)
    /// A member whose name comes from outside (a header's).
    mutating func member(_ name: String, _ value: ReportValue)
    /// The same with a whole tree.
    mutating func member(_ name: String, tree: ParameterValue)
    /// Asked before a part that may be left out: false, and the name goes to `truncatedFields`, when the result grew
    /// too large and this part must go. Parts go in the order of `CutPart`'s cases.
    mutating func admits(_ part: CutPart, _ name: StaticString) -> Bool
    /// The names of the parts that were left out so far.
    var truncatedFields: [String] { get }
}

/// The parts of a result that are left out, in this order, when it would exceed the wire's limit; each is named in
/// `truncated_fields`.
public enum CutPart: Int, Sendable, CaseIterable {
    case body, text, ports, probes, records
}

public enum ReportValue: Sendable, Hashable {
    case null
    case bool(Bool)
    case integer(Int)
    /// Not finite is written as null.
    case number(Double)
    case string(String)
    case time(WallTime)
}

extension ReportWriter {
    // Inlined: a report's `write` is generic over its writer, and there the optimizer sees nothing but calls.

    @inline(__always)
    public mutating func field(_ name: StaticString, _ value: String?) {
        field(name, value.map(ReportValue.string) ?? .null)
    }
    @inline(__always)
    public mutating func field(_ name: StaticString, _ value: Bool?) {
        field(name, value.map(ReportValue.bool) ?? .null)
    }
    @inline(__always)
    public mutating func field(_ name: StaticString, _ value: Int?) {
        field(name, value.map(ReportValue.integer) ?? .null)
    }
    @inline(__always)
    public mutating func field(_ name: StaticString, _ value: Double?) {
        field(name, value.map(ReportValue.number) ?? .null)
    }
    /// A time span, written in float milliseconds.
    @inline(__always)
    public mutating func field(_ name: StaticString, _ value: Duration?) {
        field(name, value.map { ReportValue.number($0.inMilliseconds) } ?? .null)
    }
    @inline(__always)
    public mutating func object(_ name: StaticString, _ body: (inout Self) -> Void) {
        beginObject(name)
        body(&self)
        endObject()
    }
    /// An array of objects.
    @inline(__always)
    public mutating func array<Element>(
        _ name: StaticString, _ elements: some Sequence<Element>, _ body: (inout Self, Element) -> Void
    ) {
        beginArray(name)
        for element in elements {
            beginElementObject()
            body(&self, element)
            endObject()
        }
        endArray()
    }
    @inline(__always)
    public mutating func strings(_ name: StaticString, _ values: some Sequence<String>) {
        beginArray(name)
        for value in values { element(.string(value)) }
        endArray()
    }
}
