import Testing

@testable import ProbeNative

@Suite struct PatternTests {
    private func search(_ pattern: String, _ subject: String) async throws -> Pattern.Verdict {
        try await search(pattern, Array(subject.utf8))
    }

    private func search(_ pattern: String, _ subject: [UInt8]) async throws -> Pattern.Verdict {
        let pattern = try Pattern(pattern, parameter: "expect_regex")
        let reactor = try started()
        defer { reactor.stop() }
        return await on(reactor) { reactor in (try? await pattern.search(subject, on: reactor)) ?? .noMatch }
    }

    @Test(arguments: [
        ("^220 .*SMTP$", "220 mail.example ESMTP\r\n", 0..<22),
        ("(?m)^250 OK$", "250-first\r\n250 OK\r\n", 11..<17),
        ("(?i)WELCOME", "you are welcome", 8..<15),
        ("[é]", "caf\u{e9}", 3..<5),
        ("", "", 0..<0),
    ])
    func finds(_ pattern: String, _ subject: String, _ range: Range<Int>) async throws {
        #expect(try await search(pattern, subject) == .match(range))
    }

    @Test func looksOnlyAtTheFirstMegabyte() async throws {
        let within = [UInt8](repeating: 0x78, count: Pattern.subjectLimit - 1) + [0x79]
        #expect(try await search("y", within) == .match(within.count - 1..<within.count))
        #expect(try await search("y", [0x78] + within) == .noMatch)
    }

    @Test func bytesThatAreNotUTF8AreNeverInAMatch() async throws {
        // What telnet servers say first.
        let telnet: [UInt8] = [0xff, 0xfd, 0x18, 0xff, 0xfd] + Array("\r\nlogin: ".utf8)
        #expect(try await search("login:", telnet) == .match(7..<13))
        #expect(try await search("a.b", [0x61, 0xff, 0x62]) == .noMatch)
        #expect(try await search("^b", [0x61, 0xff, 0x62]) == .noMatch)
    }

    @Test(arguments: [
        ("(", "expect_regex is no valid pattern at offset 1: missing closing parenthesis."),
        ("ab[z-a]", "expect_regex is no valid pattern at offset 5: range out of order in character class."),
        ("\\Ca", "expect_regex is no valid pattern at offset 2: using \\C is disabled by the application."),
        (String(repeating: "a", count: 1025), "expect_regex must be a pattern of at most 1024 bytes."),
    ])
    func refuses(_ pattern: String, _ sentence: String) throws {
        let refusal = #expect(throws: InvalidInput.self) { try Pattern(pattern, parameter: "expect_regex") }
        #expect(refusal?.detail == sentence && refusal?.code == .invalidParameters)
    }

    /// Exponential, polynomial, endless: each ends as a value, before anybody would notice.
    @Test(arguments: ["(a+)+$", "(a|a)*$", "(a|aa)+$", "(?s)(.*)(.*)(.*)(.*)[bc]", "(?R)?a(?R)?"])
    func givesUp(_ pattern: String) async throws {
        let verdict = try await search(pattern, String(repeating: "a", count: 100_000) + "!")
        guard case .exceeded(let limit) = verdict else {
            Issue.record("\(verdict)")
            return
        }
        #expect(limit.reason.hasSuffix("on what the peer sent"))
    }

    @Test func aLongSearchLeavesOthersTheirTurn() async throws {
        // Each position costs a run over the rest: a minute, if nothing stopped it.
        let pattern = try Pattern("a*[bc]", parameter: "expect_regex")
        let subject = [UInt8](repeating: 0x61, count: 256 << 10)
        let reactor = try started()
        defer { reactor.stop() }
        let (verdict, turns) = await on(reactor) { reactor -> (Pattern.Verdict?, Int) in
            let counter = TurnCounter()
            async let turns: Void = counter.run(on: reactor)
            let verdict = try? await pattern.search(subject, on: reactor)
            counter.isDone = true
            await turns
            return (verdict, counter.turns)
        }
        #expect(verdict == .exceeded(.time))
        #expect(turns >= 10)
    }

    private final class TurnCounter: @unchecked Sendable {
        // @unchecked: confined to the reactor's thread.
        var turns = 0
        var isDone = false
        func run(on reactor: Reactor) async {
            while !isDone {
                turns += 1
                _ = await reactor.park(until: reactor.now + .milliseconds(1.0))
            }
        }
    }

    @Test func aSearchGoneOnWithFindsWhatOneInOneGoWouldFind() async throws {
        let subject = [UInt8](repeating: 0x61, count: 5_000) + Array("!".utf8) + Array("aab".utf8)
        #expect(try await search("a{1,1000}b", subject) == .match(5_001..<5_004))
        // Lookbehind sees what lies before the slice.
        #expect(try await search("(?<=!)a{1,1000}b", subject) == .match(5_001..<5_004))
    }

    @Test func cancellationEndsASearch() async throws {
        let pattern = try Pattern("a*[bc]", parameter: "expect_regex")
        let subject = [UInt8](repeating: 0x61, count: Pattern.subjectLimit)
        let reactor = try started()
        defer { reactor.stop() }
        let failure = await on(reactor) { reactor -> ProbeFailure? in
            withUnsafeCurrentTask { $0?.cancel() }
            do throws(ProbeFailure) {
                _ = try await pattern.search(subject, on: reactor)
                return nil
            } catch { return error }
        }
        #expect(failure == .cancelled(.expectation))
    }
}
