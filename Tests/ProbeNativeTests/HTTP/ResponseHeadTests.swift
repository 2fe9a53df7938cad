import Testing

@testable import ProbeNative

@Suite struct ResponseHeadTests {
    private func head(_ lines: [String]) -> ResponseHead {
        var head = ResponseHead()
        for line in lines {
            var bytes = Array((line + "\r\n").utf8)
            #expect(bytes.withUnsafeMutableBytes { head.take(UnsafeRawBufferPointer($0)) })
        }
        return head
    }

    @Test func readsStatusAndFields() {
        let read = head([
            "HTTP/1.1 103 Early Hints", "Link: </a>", "", "HTTP/1.1 200 OK", "Content-Type:  text/plain \t", "X-Empty:",
            "X-Folded: one", "\t two ", "no colon", "Ünï: ß", "",
        ])
        #expect(read.status == 200 && read.isComplete)
        #expect(
            read.fields == [
                HTTPField("content-type", "text/plain"), HTTPField("x-empty", ""), HTTPField("x-folded", "one two"),
                HTTPField("Ünï", "ß"),
            ])
    }

    @Test func equalNamesAreJoinedAmongFewAndMany() {
        for count in [1, 31, 32, 33, 500] {
            let lines = (0..<count).map { "N\($0): a" } + (0..<count).map { "n\($0): b" }
            let joined = head(["HTTP/1.1 200 OK"] + lines + ["Set-Cookie: x", "Set-Cookie: y"]).joined
            #expect(joined.count == count + 1)
            #expect(joined.dropLast().allSatisfy { $0.value == "a, b" })
            #expect(joined.dropLast().map(\.name) == (0..<count).map { "n\($0)" })
            #expect(joined.last == HTTPField("set-cookie", "x\ny"))
        }
    }
}
