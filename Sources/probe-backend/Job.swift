import ArgumentParser
import FoundationEssentials
import ProbeBackend

struct Job: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Jobs of a running backend.", subcommands: [JobSend.self])
}

struct JobSend: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "send",
        abstract: "Send a job to a node.",
        discussion: """
            Prints the job's request_id, or with --wait its result: then the exit code is 0 only when the node measured \
            and the target did well.
            """)

    @Argument(help: "ping, dns, http, ...") var tool: String
    @Argument var target: String

    @Option(help: ArgumentHelp("The tool's parameters, as a JSON object.", valueName: "json"))
    var parameters: String?

    @Option(help: "A node's UUID; without it and without a selector any node.") var node: String?
    @Option(help: "Any node of these regions.") var region: [String] = []
    @Option(help: "Any node of these zones.") var zone: [String] = []
    @Option(help: "Any node with all these tags.") var tag: [String] = []
    @Option(help: "Seconds that the node may take.") var timeout: Double?
    @Flag(help: "Wait for the result and print it.") var wait = false

    @OptionGroup var api: APIOptions

    private struct Order: Encodable {
        struct Selector: Encodable {
            let regions: [String]
            let zones: [String]
            let tags: [String]
        }

        let tool: String
        let target: String
        let node: String?
        let timeout: Double?
        let wait: Double?
        let select: Selector?
    }

    private struct Outcome: Decodable {
        let requestID: String
        let state: String
        let errorCode: String?

        enum CodingKeys: String, CodingKey {
            case state
            case requestID = "request_id"
            case errorCode = "error_code"
        }
    }

    func run() async throws {
        let isSelected = !(region + zone + tag).isEmpty
        let order = Order(
            tool: tool, target: target, node: node, timeout: timeout, wait: wait ? 300 : nil,
            select: isSelected ? .init(regions: region, zones: zone, tags: tag) : nil)
        var body = [UInt8](try JSONEncoder().encode(order))
        if let parameters {
            // As it was typed: the backend checks it.
            body.removeLast()
            body.append(contentsOf: ",\"parameters\":\(parameters)}".utf8)
        }
        let answer = try api.client().call("POST", "/api/v1/jobs", body: body)
        let outcome = try JSONDecoder().decode(Outcome.self, from: Data(answer.body))
        guard wait else { return Console.out(outcome.requestID) }
        if let result = RawJSON(member: "result", of: answer.body) {
            Console.out(String(decoding: result.bytes, as: UTF8.self))
        }
        guard outcome.state != "done" || outcome.errorCode != nil else { return }
        Console.error("The job \(outcome.requestID) is \(outcome.state)\(outcome.errorCode.map { ": \($0)" } ?? "").")
        throw ExitCode.failure
    }
}
