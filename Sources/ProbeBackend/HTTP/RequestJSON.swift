import Hummingbird

/// A request's body as checked JSON.
enum RequestJSON {
    static let maximumBody = 4 << 20

    /// The bytes: valid UTF-8, not too many. JSON they are not yet known to be.
    static func body(of request: Request) async throws -> [UInt8] {
        let bytes = [UInt8](try await request.body.collect(upTo: maximumBody).readableBytesView)
        guard (try? UTF8Span(validating: bytes.span)) != nil else {
            throw Problem.invalidJSON("The body is not valid UTF-8.")
        }
        return bytes
    }

    static func object(_ bytes: [UInt8]) throws -> RawObject {
        do {
            guard let object = try RawObject(bytes) else { throw Problem.invalidRequest("The body is not an object.") }
            return object
        } catch let failure as JSONScanner.Failure {
            throw Problem.invalidJSON(failure.sentence)
        }
    }

    /// No body at all stands for an object without members.
    static func optionalObject(of request: Request) async throws -> RawObject {
        let bytes = try await body(of: request)
        return try object(bytes.isEmpty ? RawJSON.emptyObject.bytes : bytes)
    }

    static func decode<T: Decodable>(_ type: T.Type, from bytes: [UInt8]) throws -> T {
        do {
            return try JSONText.decode(type, from: bytes)
        } catch let error as DecodingError {
            throw Problem.invalidRequest(error.sentence)
        }
    }
}
