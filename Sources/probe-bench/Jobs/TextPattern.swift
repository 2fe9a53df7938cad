/// A text to look for in many answers: Horspool's search, which skips by the pattern's length where it can.
struct TextPattern: Sendable {
    let count: Int
    private let bytes: [UInt8]
    /// How far to go on when a window ends in this byte.
    private let skips: [Int]

    init(_ text: String) {
        bytes = Array(text.utf8)
        count = bytes.count
        var skips = [Int](repeating: max(1, count), count: 256)
        for (index, byte) in bytes.dropLast().enumerated() { skips[Int(byte)] = count - 1 - index }
        self.skips = skips
    }

    /// Where it begins first.
    func position(in text: UnsafeRawBufferPointer) -> Int? {
        guard count > 0 else { return 0 }
        return bytes.withUnsafeBufferPointer { pattern in
            skips.withUnsafeBufferPointer { skips in
                var start = 0
                while start + count <= text.count {
                    var index = count - 1
                    while text[start + index] == pattern[index] {
                        if index == 0 { return start }
                        index -= 1
                    }
                    start += skips[Int(text[start + count - 1])]
                }
                return nil
            }
        }
    }
}
