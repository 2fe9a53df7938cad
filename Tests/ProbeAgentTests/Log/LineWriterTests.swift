import Glibc
import ProbeNative
import ProbeTesting
import Testing

@testable import ProbeAgent

struct LineWriterTests {
    /// Nobody reads: whoever writes goes on, lines are lost and counted, and what does come out is whole lines.
    @Test func aFullPipeStopsNobody() async throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        let (reader, pipe) = (ends[0], ends[1])
        let writer = try LineWriter(to: LineFile(borrowing: pipe), mostWaiting: 1 << 20)
        try writer.start(threadName: "test")
        let count = (2 << 20) / 3000
        for number in 1...count { writer.append(Self.line(number)) }
        let lost = writer.lost
        #expect(lost > 0 && lost < count)
        // Returns although the pipe is full.
        writer.finish(within: .milliseconds(20))
        let text = Locked<[UInt8]>([])
        let hasEnded = Locked(false)
        ReactorThread.start(name: "test-reader") {
            var buffer = [UInt8](repeating: 0, count: 65536)
            while case let count = read(reader, &buffer, buffer.count), count > 0 {
                text.withLock { $0 += buffer[..<count] }
            }
            close(reader)
            hasEnded.withLock { $0 = true }
        }
        await writer.finish()
        close(pipe)
        while !hasEnded.withLock({ $0 }) { await Task.yield() }
        #expect(writer.lost == lost)
        let numbers = text.withLock { $0 }.split(separator: 10).map { line in
            let number = Int(String(decoding: line.prefix(8), as: UTF8.self).drop { $0 == "0" }) ?? 0
            #expect(Self.line(number).dropLast().elementsEqual(line))
            return number
        }
        #expect(numbers == numbers.sorted() && numbers.count == count - lost)
    }

    private static func line(_ number: Int) -> [UInt8] {
        let digits = String(number)
        let text = String(repeating: "0", count: 8 - digits.count) + digits + String(repeating: "x", count: 2991)
        return Array(text.utf8) + [10]
    }
}
