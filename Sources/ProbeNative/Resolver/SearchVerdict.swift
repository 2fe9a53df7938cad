/// What becomes of a name whose candidates had no addresses: the rules of glibc's res_search, which operators know.
struct SearchVerdict {
    private let name: String
    private let wanted: FamilyChoice
    /// The answer to the name as it is, when that was asked first.
    private var asGivenFirst: LookupAnswer?
    private var asked = 0
    private var sawNoData = false
    private var lastFailure: ProbeFailure?
    private var isOver = false

    init(_ name: String, _ wanted: FamilyChoice) {
        self.name = name
        self.wanted = wanted
    }

    /// Takes in a candidate's answer; true when asking for the others would not help. A server that could not answer for
    /// one name (SERVFAIL) may do so for the next; silence and refusal will be the same.
    mutating func isOver(after answer: LookupAnswer, isAsGiven: Bool) -> Bool {
        if isAsGiven, asked == 0 { asGivenFirst = answer }
        asked += 1
        if answer == .noData { sawNoData = true }
        if case .failed(let failure) = answer {
            lastFailure = failure
            isOver = failure.code != .resolveFailure
        }
        return isOver
    }

    var failure: ProbeFailure {
        if let lastFailure, isOver { return lastFailure }
        if let asGivenFirst { return failure(of: asGivenFirst) }
        if sawNoData { return failure(of: .noData) }
        return lastFailure ?? failure(of: .noSuchName)
    }

    private func failure(of answer: LookupAnswer) -> ProbeFailure {
        switch answer {
        case .failed(let failure): return failure
        case .noSuchName: return ProbeFailure(.resolve, .resolveNXDomain, "\(name) does not exist (NXDOMAIN).")
        case .noData, .addresses, .names:
            let family = wanted == .any ? "address" : "IPv\(wanted.rawValue) address"
            return ProbeFailure(.resolve, .noAddress, "\(name) exists and has no \(family).")
        }
    }
}
