import CPCRE2

/// One search, in slices. PCRE2 bounds the work at each starting position only: its match limit counts from zero at
/// every one, and not the bytes that `a*` runs over, so a megabyte of starting positions could keep a reactor for
/// minutes. Its callouts, before each item of the pattern, are where we look at the thread's CPU time.
struct PatternSearch {
    /// Backtracking steps from one starting position: what `(a+)+$` runs into, within two milliseconds.
    static let matchLimit: UInt32 = 100_000
    static let heapKibibytes: UInt32 = 8 << 10
    /// CPU time after which others get their turn.
    static let slice: Int64 = 2_000_000
    /// CPU time for one starting position, which cannot be interrupted and gone on with.
    static let position: Int64 = 10_000_000
    /// CPU time after which the search is given up.
    static let total: Int64 = 250_000_000

    private let pattern: Pattern
    private let subject: [UInt8]
    private var start = 0
    private var used: Int64 = 0

    init(_ pattern: Pattern, _ subject: [UInt8]) {
        self.pattern = pattern
        self.subject = subject
    }

    /// Searches on; nil: the slice is over and the search is not.
    mutating func run() -> Pattern.Verdict? {
        guard let data = pcre2_match_data_create_from_pattern_8(pattern.code.pointer, nil),
            let context = pcre2_match_context_create_8(nil)
        else { return .exceeded(.memory) }
        defer {
            pcre2_match_data_free_8(data)
            pcre2_match_context_free_8(context)
        }
        pcre2_set_match_limit_8(context, Self.matchLimit)
        pcre2_set_depth_limit_8(context, Self.matchLimit)
        pcre2_set_heap_limit_8(context, Self.heapKibibytes)
        let begin = Syscalls.clock(.threadCPU)
        var watch = PatternWatch(from: start, at: begin, canResume: pattern.canResume)
        let status = withUnsafeMutablePointer(to: &watch) { watch in
            pcre2_set_callout_8(context, PatternWatch.callout, watch)
            return subject.withUnsafeBufferPointer { bytes in
                pcre2_match_8(
                    pattern.code.pointer, bytes.baseAddress, min(bytes.count, Pattern.subjectLimit), start, 0, data,
                    context)
            }
        }
        used += Syscalls.clock(.threadCPU) - begin
        guard status == PCRE2_ERROR_CALLOUT, let reached = watch.reached else { return Self.verdict(status, data) }
        start = reached
        return used < Self.total ? nil : .exceeded(.time)
    }

    private static func verdict(_ status: Int32, _ data: OpaquePointer) -> Pattern.Verdict {
        switch status {
        case 0...:
            guard let ends = pcre2_get_ovector_pointer_8(data) else { return .noMatch }
            return .match(ends[0]..<ends[1])
        case PCRE2_ERROR_NOMATCH: return .noMatch
        case PCRE2_ERROR_HEAPLIMIT, PCRE2_ERROR_NOMEMORY: return .exceeded(.memory)
        case PCRE2_ERROR_CALLOUT: return .exceeded(.time)
        // The match and depth limits, and recursion without end.
        default: return .exceeded(.backtracking)
        }
    }
}

/// What the callouts of one slice keep an eye on.
struct PatternWatch {
    private let first: Int
    private let canResume: Bool
    private let sliceEnd: Int64
    private let positionEnd: Int64
    private var calls = 0
    private var position = 0
    /// The starting position to go on from, after a stop.
    private(set) var reached: Int?

    init(from first: Int, at begin: Int64, canResume: Bool) {
        self.first = first
        self.canResume = canResume
        sliceEnd = begin + PatternSearch.slice
        positionEnd = begin + PatternSearch.position
    }

    /// Called with a pointer to a `PatternWatch`. Anything but 0 ends pcre2_match with that value.
    static let callout:
        @convention(c) (UnsafeMutablePointer<pcre2_callout_block_8>?, UnsafeMutableRawPointer?) -> Int32 = {
            guard let block = $0, let watch = $1?.assumingMemoryBound(to: PatternWatch.self) else { return 0 }
            return watch.pointee.isOver(block.pointee.start_match, block.pointee.current_position)
                ? PCRE2_ERROR_CALLOUT : 0
        }

    /// Reading the clock is a system call: it is done once in many items, or when one ran over a long piece.
    private mutating func isOver(_ start: Int, _ current: Int) -> Bool {
        calls += 1
        guard calls & 63 == 0 || abs(current - position) > 4096 else { return false }
        position = current
        let now = Syscalls.clock(.threadCPU)
        if canResume, start > first, now >= sliceEnd {
            reached = start
            return true
        }
        return now >= positionEnd
    }
}
