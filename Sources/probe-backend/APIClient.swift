import ArgumentParser
import CCurl
import FoundationEssentials
import ProbeBackend

/// Where a running backend is, and who asks.
struct APIOptions: ParsableArguments {
    private static let variable = "PROBEOPS_API_KEY"

    @Option(help: "Where the backend is.")
    var url = "http://127.0.0.1:8000"

    @Option(help: ArgumentHelp("An API key, or the admin token (or \(Self.variable)).", valueName: "key"))
    var key: String?

    @Option(help: ArgumentHelp("PEM file with the authority of the backend's certificate.", valueName: "file"))
    var ca: String?

    func client() throws -> APIClient {
        guard let key = key ?? ProcessInfo.processInfo.environment[Self.variable] else {
            throw ValidationError("--key or \(Self.variable) must hold an API key.")
        }
        return APIClient(url: url, key: key, authority: ca)
    }
}

/// The REST API, one blocking request after the other.
struct APIClient {
    /// Longer than the backend holds any answer.
    private static let timeout = 330

    let url: String
    /// Nil where the backend asks for none.
    let key: String?
    let authority: String?

    struct Answer {
        let status: Int
        let body: [UInt8]
    }

    private struct Problem: Decodable {
        let code: String
        let detail: String
    }

    /// The answer's body. A problem, or no answer, is one sentence on standard error and exit code 1.
    func call(_ method: String, _ path: String, body: [UInt8]? = nil) throws -> Answer {
        let answer = try request(method, path, body)
        guard (200..<300).contains(answer.status) else {
            let problem = try? JSONDecoder().decode(Problem.self, from: Data(answer.body))
            Console.error(problem.map { "\($0.detail) (\($0.code))" } ?? "The backend answered \(answer.status).")
            throw ExitCode.failure
        }
        return answer
    }

    private func request(_ method: String, _ path: String, _ body: [UInt8]?) throws -> Answer {
        guard let easy = curl_easy_init() else { throw ExitCode.failure }
        defer { curl_easy_cleanup(easy) }
        var fields = key.flatMap { curl_slist_append(nil, "Authorization: Bearer \($0)") }
        if body != nil { fields = curl_slist_append(fields, "Content-Type: application/json") }
        defer { curl_slist_free_all(fields) }
        let received = Received()
        probe_curl_set_string(easy, CURLOPT_URL, url + path)
        probe_curl_set_string(easy, CURLOPT_CUSTOMREQUEST, method)
        probe_curl_set_string(easy, CURLOPT_PROTOCOLS_STR, "http,https")
        probe_curl_set_pointer(easy, CURLOPT_HTTPHEADER, fields)
        probe_curl_set_long(easy, CURLOPT_TIMEOUT, Self.timeout)
        if let authority { probe_curl_set_string(easy, CURLOPT_CAINFO, authority) }
        if let body {
            probe_curl_set_long(easy, CURLOPT_POSTFIELDSIZE, body.count)
            probe_curl_set_string(easy, CURLOPT_COPYPOSTFIELDS, String(decoding: body, as: UTF8.self))
        }
        probe_curl_set_pointer(easy, CURLOPT_WRITEDATA, Unmanaged.passUnretained(received).toOpaque())
        probe_curl_set_data_callback(easy, CURLOPT_WRITEFUNCTION) { bytes, size, count, received in
            guard let bytes, let received else { return 0 }
            let buffer = UnsafeRawBufferPointer(start: bytes, count: size * count)
            Unmanaged<Received>.fromOpaque(received).takeUnretainedValue().bytes.append(contentsOf: buffer)
            return size * count
        }
        let code = withExtendedLifetime(received) { curl_easy_perform(easy) }
        guard code == CURLE_OK else {
            Console.error("\(url) gives no answer: \(String(cString: curl_easy_strerror(code))).")
            throw ExitCode.failure
        }
        var status = 0
        probe_curl_info_long(easy, CURLINFO_RESPONSE_CODE, &status)
        return Answer(status: status, body: received.bytes)
    }

    private final class Received {
        var bytes: [UInt8] = []
    }
}
