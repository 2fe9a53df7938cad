/// A PATCH of a node, checked.
enum NodePatch {
    private static let mostTags = 32

    private struct Body: Decodable {
        let name: String?
        let region: String?
        let zone: String?
        let tags: [String]?
        let disabled: Bool?
    }

    /// - Throws: `Problem` naming the first field that is wrong.
    static func change(_ object: RawObject) throws -> NodeChange {
        let body = try RequestJSON.decode(Body.self, from: object.bytes)
        for (field, value) in [("name", body.name), ("region", body.region), ("zone", body.zone)] {
            try Problem.require(
                (1...255).contains(value?.utf8.count ?? 1) && value?.utf8.contains(0) != true,
                "\"\(field)\" must be 1 to 255 bytes without NUL.")
        }
        let tags = body.tags ?? []
        try Problem.require(
            tags.count <= mostTags && Set(tags).count == tags.count && tags.allSatisfy(isTag),
            "\"tags\" must be at most \(mostTags) different words of 1 to 64 lower-case letters, digits, dots and "
                + "hyphens.")
        return NodeChange(
            name: body.name,
            // null takes it away; absence leaves it.
            region: object["region"].map { _ in body.region }, zone: object["zone"].map { _ in body.zone },
            tags: body.tags.map(Tags.init), isDisabled: body.disabled)
    }

    private static func isTag(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: ".")
                    || byte == UInt8(ascii: "-")
            }
    }
}
