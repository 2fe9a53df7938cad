/// Fetches a URL by libcurl and tells where the time went. docs/internals/http.md has the whole story.
public struct HTTPTool: Tool {
    public let name = "http"
    public let summary = "fetch a URL: status, phases, redirects, certificate"
    public let targetHelp = "URL (http:// when it has no scheme)"

    private let redaction: HeaderRedaction

    public init(redacting redaction: HeaderRedaction = .none) { self.redaction = redaction }

    public func target(_ text: String) throws(InvalidInput) -> HTTPURL { try HTTPURL(target: text) }

    public func parameters(_ reader: inout ParameterReader, _ common: CommonParameters) -> HTTPParameters {
        HTTPParameters(&reader)
    }

    public func run(_ target: HTTPURL, _ parameters: HTTPParameters, in context: ProbeContext) async -> ProbeOutcome {
        let exchange = HTTPExchange(target, parameters, context, redacting: redaction)
        return await exchange.run()
    }
}
