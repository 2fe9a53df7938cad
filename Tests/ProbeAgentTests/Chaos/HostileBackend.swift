import ProbeTesting

/// Tests/Peers/hostile_backend.py and a target that counts, in a lab: what it makes the node do stays in there.
final class HostileBackend: Sendable {
    let target: PythonPeer
    private let process: ChildProcess
    let port: Int

    init(in lab: NetworkLab) async throws {
        target = try await .chaosTarget(in: lab)
        let script = Places.testFile("Peers/hostile_backend.py")
        process = try ChildProcess.start(
            lab.command(["/usr/bin/python3", script, "--target", "\(target.port())"]))
        port = try JSONValue(parsing: try await process.output.next("listening"))["port"]?.int ?? 0
    }

    /// Carries out one command of the script.
    @discardableResult
    func attack(_ name: String, _ fields: JSONValue = [:]) async throws -> JSONValue {
        process.write(line: fields.merging(["cmd": .string(name), "id": .string(name)]).text)
        let answer = "\"id\": \"\(name)\""
        do {
            let line = try await process.output.next("end of \(name)", within: .seconds(1200)) { $0.contains(answer) }
            return try JSONValue(parsing: line)
        } catch {
            throw JobLedger.Wrong(description: "\(error)\n\(process.errors.pending.joined(separator: "\n"))")
        }
    }

    func ready() async throws {
        _ = try await process.output.next("ready", within: .seconds(60)) { $0.contains("\"ready\"") }
    }

    func stop() async {
        await process.stop(signal: 9)
        await target.stop()
    }
}
