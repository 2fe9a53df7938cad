import ArgumentParser
import ProbeBackend

struct Token: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Registration tokens.", subcommands: [TokenCreate.self])
}

struct TokenCreate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Make a token with which nodes register, and print it. May run beside a running backend.")

    @OptionGroup var options: DatabaseOptions

    @Option(help: "How many nodes may register with it.")
    var uses = 1

    @Option(help: "How long it is good: a number with s, m, h or d, or \"never\".")
    var expires = Lifetime(seconds: 86_400)

    @Option(help: "A name to tell it from others.")
    var name: String?

    func run() async throws {
        let store = try await options.open()
        let order = TokenOrder(name: name, uses: uses, secondsToLive: expires.seconds)
        do {
            let now = Instant(milliseconds: BackendClock.system.wallMilliseconds())
            let (token, secret) = try order.make(at: now)
            try await store.insert(token)
            Console.out(secret.text)
        } catch let refusal as TokenOrder.Refusal {
            throw ValidationError(refusal.sentence)
        }
    }
}

/// `90s`, `30m`, `24h`, `7d`, or `never`.
struct Lifetime: ExpressibleByArgument {
    /// Nil: for ever.
    let seconds: Double?

    init(seconds: Double?) {
        self.seconds = seconds
    }

    init?(argument: String) {
        if argument == "never" {
            self.init(seconds: nil)
            return
        }
        let units: [Character: Double] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
        guard let unit = argument.last.flatMap({ units[$0] }), let count = Double(argument.dropLast()), count > 0
        else { return nil }
        self.init(seconds: count * unit)
    }

    var defaultValueDescription: String { "24h" }
}
