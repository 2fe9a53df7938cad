import CPCRE2

/// A regular expression of a job (PCRE2 syntax), compiled once and searched for in what a peer sent: neither is trusted.
///
/// Text is UTF-8; a byte that is not can be next to a match but never in it. `$` and `.` know CR, LF and CRLF as the end
/// of a line, because that is how protocols end theirs.
///
/// It is interpreted, not compiled to machine code (JIT): PCRE2's JIT ignores the heap limit, calls us no less often
/// than the interpreter does, needs memory that is writable and executable, and pays for its compile time only after
/// far more searches than a job makes.
public final class Pattern: Sendable {
    /// Bytes of a pattern.
    public static let longest = 1024
    /// Bytes of a subject that are looked at.
    public static let subjectLimit = 1 << 20

    public let text: String
    let code: PatternCode
    /// `\G` is where a search began; one that is gone on with from elsewhere would find it there.
    let canResume: Bool

    /// - Parameters:
    ///   - parameter: named by the refusal.
    ///   - matchesLines: `^` and `$` match at each line, not only at the ends of the whole: `(?m)`.
    public init(_ text: String, parameter: String, matchesLines: Bool = false) throws(InvalidInput) {
        guard text.utf8.count <= Self.longest else {
            throw InvalidInput("\(parameter) must be a pattern of at most \(Self.longest) bytes.")
        }
        self.text = text
        canResume = !text.contains("\\G")
        do throws(PatternError) {
            code = try PatternCode(compiling: text, matchesLines: matchesLines)
        } catch {
            throw InvalidInput("\(parameter) is no valid pattern at offset \(error.offset): \(error.message).")
        }
    }

    /// Why a search was given up.
    public enum Limit: Sendable, Hashable {
        case backtracking, memory, time

        /// Completes "the pattern ...".
        public var reason: String {
            switch self {
            case .backtracking: "needs too much backtracking on what the peer sent"
            case .memory: "needs too much memory on what the peer sent"
            case .time: "takes too long on what the peer sent"
            }
        }
    }

    public enum Verdict: Sendable, Hashable {
        /// Where it matched first, in bytes of the subject.
        case match(Range<Int>)
        case noMatch
        case exceeded(Limit)
    }

    /// Looks for the first match in the first MiB of `subject`. A long search goes on in slices of about two
    /// milliseconds, between which the reactor serves others.
    /// - Throws: `cancelled` with the task, at stage `expectation`.
    public func search(_ subject: [UInt8], on reactor: Reactor) async throws(ProbeFailure) -> Verdict {
        var search = PatternSearch(self, subject)
        while true {
            if let verdict = search.run() { return verdict }
            // Not Task.yield: that comes back before the reactor has looked at its sockets.
            if await reactor.park(until: reactor.now) == .cancelled { throw .cancelled(.expectation) }
        }
    }
}

struct PatternError: Error {
    /// In bytes.
    var offset: Int
    var message: String
}
