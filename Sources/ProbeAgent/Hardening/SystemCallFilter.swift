import CLinux
import ProbeNative

#if canImport(Glibc)
    import Glibc
#endif

/// A seccomp filter (seccomp(2)): rules in order, the first that fits decides, what none fits is answered ENOSYS.
///
/// ENOSYS, because it is what an older kernel would say: the C library and others then take an older call, and an update
/// of theirs that begins to use a new one costs nothing. EPERM would make them fail, death would make them crash.
struct SystemCallFilter {
    /// Holds where the low word of the argument, masked, is one of the values.
    struct Condition {
        var argument: UInt32
        var mask: UInt32 = .max
        var values: [UInt32]

        static func argument(_ index: UInt32, mask: UInt32 = .max, in values: [Int32]) -> Condition {
            Condition(argument: index, mask: mask, values: values.map(UInt32.init(bitPattern:)))
        }
    }

    struct Rule {
        var calls: [Int32]
        var conditions: [Condition] = []
        /// A value of SECCOMP_RET_*.
        var verdict: UInt32

        static func allow(_ calls: [Int32], where conditions: [Condition] = []) -> Rule {
            Rule(calls: calls, conditions: conditions, verdict: PROBE_SECCOMP_ALLOW)
        }

        static func refuse(_ calls: [Int32], with error: Int32, where conditions: [Condition] = []) -> Rule {
            Rule(calls: calls, conditions: conditions, verdict: PROBE_SECCOMP_ERRNO | UInt32(error))
        }

        /// The process dies by SIGSYS, which nothing can catch.
        static func kill(_ calls: [Int32]) -> Rule { Rule(calls: calls, verdict: PROBE_SECCOMP_KILL) }
    }

    private(set) var program: [sock_filter] = []

    init(_ rules: [Rule]) {
        // The same number is another call in another ABI of the machine (i386 and x32 on x86-64, arm on aarch64).
        append(PROBE_BPF_LOAD_WORD, PROBE_SECCOMP_ARCH)
        append(PROBE_BPF_JUMP_EQUAL, PROBE_AUDIT_ARCH, then: 1)
        append(PROBE_BPF_RETURN, PROBE_SECCOMP_KILL)
        append(PROBE_BPF_LOAD_WORD, PROBE_SECCOMP_NUMBER)
        #if arch(x86_64)
            append(PROBE_BPF_JUMP_AT_LEAST, PROBE_X32_BIT, otherwise: 1)
            append(PROBE_BPF_RETURN, PROBE_SECCOMP_KILL)
        #endif
        for rule in rules { for call in rule.calls { add(call, rule) } }
        append(PROBE_BPF_RETURN, PROBE_SECCOMP_ERRNO | UInt32(ENOSYS))
    }

    /// Before and behind each block the accumulator holds the call's number.
    private mutating func add(_ call: Int32, _ rule: Rule) {
        // Jumps count from the next instruction and reach 255 of them.
        var block: [sock_filter] = []
        for condition in rule.conditions {
            block.append(Self.step(PROBE_BPF_LOAD_WORD, PROBE_SECCOMP_ARGUMENTS + 8 * condition.argument))
            if condition.mask != .max { block.append(Self.step(PROBE_BPF_AND, condition.mask)) }
            for (index, value) in condition.values.enumerated() {
                let left = UInt8(condition.values.count - index)
                block.append(Self.step(PROBE_BPF_JUMP_EQUAL, value, then: left))
            }
            block.append(Self.step(PROBE_BPF_JUMP, 0))
        }
        block.append(Self.step(PROBE_BPF_RETURN, rule.verdict))
        for index in block.indices where block[index].code == PROBE_BPF_JUMP {
            block[index].k = UInt32(block.count - index - 1)
        }
        if !rule.conditions.isEmpty { block.append(Self.step(PROBE_BPF_LOAD_WORD, PROBE_SECCOMP_NUMBER)) }
        append(PROBE_BPF_JUMP_EQUAL, UInt32(call), otherwise: UInt8(block.count))
        program += block
    }

    private mutating func append(_ code: UInt16, _ value: UInt32, then: UInt8 = 0, otherwise: UInt8 = 0) {
        program.append(Self.step(code, value, then: then, otherwise: otherwise))
    }

    private static func step(
        _ code: UInt16, _ value: UInt32, then: UInt8 = 0, otherwise: UInt8 = 0
    ) -> sock_filter {
        sock_filter(code: code, jt: then, jf: otherwise, k: value)
    }

    /// For every thread of the process and all that come, for good. Needs no_new_privs.
    func install() throws(Errno) {
        var program = program
        switch probe_install_system_call_filter(&program, UInt16(clamping: program.count)) {
        case 0: return
        case 1...: throw Errno(rawValue: ESRCH)
        default: throw Errno(rawValue: errno)
        }
    }
}
