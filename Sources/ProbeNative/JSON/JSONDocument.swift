/// A JSON text that a peer sent (RFC 8259): RDAP's answers, a body that `expect.json` looks into.
package enum JSONDocument {
    /// Larger texts are refused: their values may take forty times their bytes.
    package static let limit = 1 << 20

    /// The value of the whole text. Bytes that are not UTF-8 become U+FFFD, so that text from any peer can be reported.
    /// - Throws: where and why it is not JSON, nests deeper than `JSONParser.maximumDepth`, or is longer than `limit`.
    package static func read(_ bytes: [UInt8]) throws(MalformedMessage) -> ParameterValue {
        guard bytes.count <= limit else { throw MalformedMessage("The JSON text is longer than \(limit) bytes.") }
        let result: Result<ParameterValue, MalformedMessage> = bytes.withUnsafeBytes { raw in
            var parser = JSONParser(raw)
            do throws(MalformedMessage) { return .success(try parser.text()) } catch { return .failure(error) }
        }
        return try result.get()
    }
}

extension ParameterValue {
    /// An object's member; of equal names the last one counts. Nil where this is no object or has no such member.
    package subscript(_ name: String) -> ParameterValue? {
        guard case .object(let members) = self else { return nil }
        return members.last { $0.name == name }?.value
    }

    package var text: String? { if case .string(let text) = self { text } else { nil } }
    /// Empty for what is no list.
    package var elements: [ParameterValue] { if case .array(let elements) = self { elements } else { [] } }
}
