import CLinux

/// Writes a classic BPF program (Linux `filter.txt`) with jumps to its two ends, accepting and rejecting, or to labels
/// further on.
struct FilterProgram {
    enum Target: Hashable { case next, accept, reject, label(Int) }

    private struct Jump {
        var index: Int
        var whenTrue: Target
        var whenFalse: Target
    }

    private var instructions: [sock_filter] = []
    private var jumps: [Jump] = []
    private var labels: [Int: Int] = [:]

    mutating func add(_ code: UInt16, _ value: UInt32 = 0) {
        instructions.append(sock_filter(code: code, jt: 0, jf: 0, k: value))
    }

    /// A is compared with `value`: by `code` equal, greater, or a bit in common.
    mutating func jump(_ code: UInt16, _ value: UInt32, then whenTrue: Target, else whenFalse: Target) {
        jumps.append(Jump(index: instructions.count, whenTrue: whenTrue, whenFalse: whenFalse))
        add(code, value)
    }

    /// Jumps to this label go to the next instruction that is added.
    mutating func label(_ name: Int) { labels[name] = instructions.count }

    /// The whole program; its last two instructions are the ends.
    func finished() -> PacketFilter {
        var program = instructions
        let accept = program.count
        program.append(sock_filter(code: PROBE_BPF_RETURN, jt: 0, jf: 0, k: .max))
        program.append(sock_filter(code: PROBE_BPF_RETURN, jt: 0, jf: 0, k: 0))
        for jump in jumps {
            // Counted from the next instruction; the programs here are far shorter than the 255 of a jump.
            func offset(_ target: Target) -> UInt8 {
                let index =
                    switch target {
                    case .next: jump.index + 1
                    case .accept: accept
                    case .reject: accept + 1
                    case .label(let name): labels[name] ?? accept + 1
                    }
                return UInt8(index - jump.index - 1)
            }
            program[jump.index].jt = offset(jump.whenTrue)
            program[jump.index].jf = offset(jump.whenFalse)
        }
        return PacketFilter(instructions: program)
    }
}
