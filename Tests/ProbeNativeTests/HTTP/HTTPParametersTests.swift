import ProbeTesting
import Testing

@testable import ProbeNative

@Suite struct HTTPParametersTests {
    @Test(arguments: [
        ("method", "TRACE"), ("http_version", "3"), ("max_redirects", "51"), ("body_limit", "16777217"),
        ("resolve_to", "example.com"), ("ca_pem", "no certificate"), ("body", "not with GET"),
        ("ca_pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
    ])
    func badValuesNameTheParameter(_ name: String, _ value: String) {
        let error = #expect(throws: InvalidInput.self) {
            try HTTPProbe.prepare("http://a.example/", [name: .string(value)])
        }
        #expect(error?.code == .invalidParameters)
        #expect(error?.detail.hasPrefix(name) == true)
    }

    @Test(arguments: [
        ("a b", "x"), ("", "x"), ("a:b", "x"), ("a\r\nb", "x"), ("a", "x\r\ny: z"), ("a", "x\u{0}"),
        ("Content-Length", "5"), ("transfer-encoding", "chunked"), ("a", String(repeating: "b", count: 65536)),
    ])
    func badHeadersAreRefused(_ name: String, _ value: String) {
        let error = #expect(throws: InvalidInput.self) {
            try HTTPProbe.prepare("http://a.example/", ["headers": .object([.init(name, .string(value))])])
        }
        #expect(error?.code == .invalidParameters)
    }

    @Test func credentialsBecomeAuthorization() throws {
        func fields(_ members: [ParameterValue.Member]) -> [HTTPField] {
            var reader = ParameterReader(members)
            return HTTPParameters(&reader).fields
        }
        let basic = ParameterValue.object([
            .init("username", .string("Aladdin")), .init("password", .string("open sesame")),
        ])
        // RFC 7617 section 2.
        #expect(
            fields([.init("basic_auth", basic)]) == [HTTPField("Authorization", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==")])
        #expect(fields([.init("bearer", .string("t"))]) == [HTTPField("Authorization", "Bearer t")])
        #expect(throws: InvalidInput.self) {
            try HTTPProbe.prepare("http://a.example/", ["bearer": .string("t"), "basic_auth": basic])
        }
    }
}
