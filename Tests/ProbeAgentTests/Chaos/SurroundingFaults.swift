import Foundation
import Glibc
import ProbeTesting

/// What can happen to the network and to the machine around the node.
extension Fault {
    static let network = [
        // Packets vanish in both directions, and nobody hears of it.
        Fault(
            name: "half-open connection",
            // SYNs of an attempt that began in the dark are repeated after 1, 3 and 7 s.
            law: .seconds(4) + reconnect, needsLab: true,
            setUp: { setup in
                var setup = setup
                (setup.controllerSide, setup.controllerHost) = (.far, "10.78.0.2")
                setup.options = ["--allow-plaintext"]
                for side in [NetworkLab.Side.near, .far] {
                    try await setup.nft(
                        "add table inet chaos; "
                            + "add chain inet chaos input { type filter hook input priority 0; }", on: side)
                }
                return setup
            }
        ) { world, random in
            try await Task.sleep(for: random.duration(0...300))
            let port = world.controller.port
            try await world.setup.nft("add rule inet chaos input tcp dport \(port) drop", on: .far)
            try await world.setup.nft("add rule inet chaos input tcp sport \(port) drop", on: .near)
            try await Task.sleep(for: random.duration(200...6000))
            for side in [NetworkLab.Side.near, .far] {
                try await world.setup.nft("flush chain inet chaos input", on: side)
            }
        },
        Fault(
            name: "backend's address changed", needsLab: true,
            setUp: { setup in
                var setup = setup
                setup.backendName = "backend.test"
                setup.options = ["--allow-plaintext"]
                let hosts = try setup.folder.write("127.0.0.1 backend.test\n", to: "hosts")
                setup.wrapper = Self.inMountNamespace("mount --bind '\(hosts)' /etc/hosts")
                return setup
            }
        ) { world, random in
            try await Task.sleep(for: random.duration(0...500))
            await world.stopController()
            let address = "127.0.0.\(Int.random(in: 2...200, using: &random))"
            try await world.startController(host: address)
            try await Task.sleep(for: random.duration(0...1000))
            // In place: the node sees this very file.
            try world.setup.folder.write("\(address) backend.test\n", to: "hosts")
        },
        Fault(
            name: "no ports left", codes: ["local_resource_exhausted"], mustSeeCodes: true, needsLab: true,
            setUp: { setup in
                let range = "net.ipv4.ip_local_port_range=40000 40019"
                _ = try await setup.lab?.run(on: .near, ["sysctl", "-q", "-w", range])
                return setup
            }
        ) { world, random in
            let ids = await world.offer(60, "after/700")
            try await Task.sleep(for: random.duration(0...400))
            try? await world.controller.abort()
            try await world.reach(within: reconnect + ChaosPlan.allowance)
            for id in world.ledger.unanswered(ids) { await world.ask(id, "after/700") }
            try await world.ledger.answers(to: ids)
        },
    ]

    static let machine = [
        Fault(
            name: "descriptors used up",
            setUp: { setup in
                var setup = setup
                setup.wrapper = ["prlimit", "--nofile=256:256", "--"]
                setup.options = ["--max-concurrent", "1000"]
                return setup
            }
        ) { world, random in
            let before = try Level(of: world.node).descriptors
            async let offered = world.offer(80, "after/3000")
            var during = before
            for _ in 0..<1500 where during <= before + 40 {
                try await Task.sleep(for: .milliseconds(20))
                during = max(during, try Level(of: world.node).descriptors)
            }
            let ids = await offered
            guard during > before + 40 else { throw JobLedger.Wrong(description: "only \(during) descriptors") }
            try await Task.sleep(for: random.duration(0...300))
            try? await world.controller.abort()
            try await world.reach(within: reconnect + ChaosPlan.allowance)
            for id in world.ledger.unanswered(ids) { await world.ask(id, "after/3000") }
            try await world.ledger.answers(to: ids)
        },
        // From the death to a new process that is connected.
        Fault(name: "node killed", law: .seconds(3), losesNode: true) { world, random in
            try await Task.sleep(for: random.duration(0...600))
            try await world.killNode()
            try world.startNode()
        },
        // What the backend has read and not acknowledged comes again from the new process, unasked.
        Fault(
            name: "node killed, results on disk", law: .seconds(3), losesNode: true,
            setUp: { setup in
                var setup = setup
                setup.options = ["--state-dir", setup.folder.file("state")]
                return setup
            }
        ) { world, random in
            try? await world.controller.policy(["acknowledge": false])
            let ids = await world.offer(Int.random(in: 1...30, using: &random), "now")
            try await world.ledger.answers(to: ids)
            try await Task.sleep(for: random.duration(0...100))
            try await world.killNode()
            try await world.controller.policy(["acknowledge": true])
            try world.startNode()
            try await world.ledger.copies(of: ids)
        },
    ]

    /// The folder of the results is on a file system of 512 KiB.
    static func diskFull(_ disk: SmallDisk) -> Fault {
        Fault(
            name: "disk full",
            setUp: { setup in
                var setup = setup
                setup.options = ["--state-dir", disk.path + "/state"]
                return setup
            }
        ) { world, random in
            let filler = disk.path + "/filler"
            try Data().write(to: URL(fileURLWithPath: filler))
            let file = try FileHandle(forWritingTo: URL(fileURLWithPath: filler))
            // To the last byte: a write of this size fails at the end.
            while (try? file.write(contentsOf: Data(count: 512))) != nil {}
            try file.close()
            // More than the disk would hold, and nothing is acknowledged.
            try? await world.controller.policy(["acknowledge": false])
            let ids = await world.offer(20, "large")
            try await world.ledger.answers(to: ids)
            try await Task.sleep(for: random.duration(0...500))
            if Bool.random(using: &random) { try? await world.controller.abort() }
            try FileManager.default.removeItem(atPath: filler)
            try await world.controller.policy(["acknowledge": true])
            // Over a new connection everything unsettled goes out again.
            try? await world.controller.abort()
        }
    }

    /// The program's wall clock, by libfaketime; the machine's own is never touched.
    static let clock = Fault(
        name: "clock stepped",
        setUp: { setup in
            var setup = setup
            let timers = setup.folder.file("monotonic-timers.so")
            let source = Places.testFile("Peers/monotonic-timers.c")
            try await Oracle.check("gcc", ["-shared", "-fPIC", "-o", timers, source])
            setup.environment = [
                "LD_PRELOAD": "\(timers):\(FakeClock.library)", "FAKETIME_DONT_FAKE_MONOTONIC": "1",
                "FAKETIME_NO_CACHE": "1",
                "FAKETIME_TIMESTAMP_FILE": try setup.folder.write("+0s\n", to: "clock"),
                // Landlock leaves the node what this names.
                "SSL_CERT_DIR": setup.folder.path,
            ]
            // In the first process of its kind the library moves the environment, by which Swift finds the arguments.
            setup.wrapper = ["env"]
            return setup
        }
    ) { world, random in
        try await Task.sleep(for: random.duration(0...300))
        let step = [3600, -3600, 0].randomElement(using: &random) ?? 0
        try world.setup.folder.write("\(step < 0 ? "" : "+")\(step)s\n", to: "clock")
        try await world.ledger.heartbeat(aheadBy: Double(step))
    }

    /// A wrapper that prepares a mount namespace of the command's own by `preparation`, a shell command.
    static func inMountNamespace(_ preparation: String) -> [String] {
        ["unshare", "--mount", "--propagation", "private", "--", "sh", "-c", "\(preparation) && exec \"$@\"", "sh"]
    }
}

extension ChaosSetup {
    func nft(_ command: String, on side: NetworkLab.Side) async throws {
        guard let lab else { throw JobLedger.Wrong(description: "no lab") }
        let result = try await lab.run(on: side, ["nft", command])
        guard result.isSuccess else { throw JobLedger.Wrong(description: "nft \(command): \(result.errors)") }
    }
}

enum FakeClock {
    static let library = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"

    /// Empty where a program's clock can be stepped.
    static var unavailableReason: String {
        if ChaosPlan.isSanitized { return "libfaketime cannot be loaded into an instrumented program" }
        return FileManager.default.fileExists(atPath: library) ? "" : "libfaketime is not installed"
    }
}
