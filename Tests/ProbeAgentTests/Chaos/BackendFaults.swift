import Glibc
import ProbeTesting

/// What can happen to the backend and to the connection with it.
extension Fault {
    static let backend = [
        Fault(name: "backend killed") { world, random in
            try await Task.sleep(for: random.duration(0...500))
            await world.stopController()
            try await Task.sleep(for: random.duration(0...1500))
            try await world.startController()
        },
        Fault(name: "backend restarted") { world, random in
            try await Task.sleep(for: random.duration(0...500))
            // 1012, "service restart": half the time announced before.
            if Bool.random(using: &random) {
                try? await world.controller.send(["type": "server_shutdown", "reconnect_in": 200])
            }
            try? await world.controller.close(code: 1012, reason: "restart")
            await world.stopController()
            try await Task.sleep(for: random.duration(0...800))
            try await world.startController()
        },
        // Up to twice what the node takes for a dead connection (3 heartbeats).
        Fault(name: "backend frozen") { world, random in
            try await Task.sleep(for: random.duration(0...300))
            world.controller.send(signal: SIGSTOP)
            try await Task.sleep(for: random.duration(100...6000))
            world.controller.send(signal: SIGCONT)
        },
        Fault(name: "connection reset") { world, random in
            try await Task.sleep(for: random.duration(0...900))
            try? await world.controller.abort()
        },
        Fault(
            name: "backend reads slowly",
            setUp: { setup in
                var setup = setup
                setup.receiveBuffer = 16 << 10
                return setup
            }
        ) { world, random in
            try await Task.sleep(for: random.duration(0...100))
            try? await world.controller.pauseReading()
            // More than the socket buffers hold.
            async let large = world.offer(60, "large")
            try await Task.sleep(for: random.duration(500...4000))
            let ids = await large
            try? await world.controller.resumeReading()
            try await world.reach(within: reconnect + ChaosPlan.allowance)
            for id in world.ledger.unanswered(ids) { await world.ask(id) }
            try await world.ledger.answers(to: ids)
        },
        Fault(
            name: "certificate changed",
            setUp: { setup in
                var setup = setup
                let certificates = try await TestCertificates.shared()
                setup.certificate = certificates.good
                setup.options = ["--ca-file", certificates.authority]
                return setup
            }
        ) { world, random in
            let certificates = try await TestCertificates.shared()
            try await Task.sleep(for: random.duration(0...300))
            await world.stopController()
            // One that the node must refuse, then another good one than before.
            let bad = [certificates.otherAuthority, certificates.expired, certificates.wrongHost]
            try await world.startController(certificate: bad.randomElement(using: &random))
            try await Task.sleep(for: random.duration(200...1500))
            await world.stopController()
            try await world.startController(certificate: Bool.random(using: &random) ? certificates.rsa : nil)
        },
    ]
}
