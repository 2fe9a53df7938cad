import Glibc

/// Ends what tests started, also when the test process is killed.
///
/// One shell for the whole run holds the list of process groups and reads it from a socket; when the
/// socket ends, because the test process did, it kills them. PR_SET_PDEATHSIG would be simpler, but
/// it is tied to the thread that forked and is lost by programs with file capabilities.
enum ProcessGuard {
    static func add(_ group: pid_t) { tell("add \(group)") }

    /// To be called before the group's leader is reaped: afterwards its number may be another's.
    static func drop(_ group: pid_t) { tell("drop \(group)") }

    private static let script = """
        declare -A groups
        while read -r verb group; do
            if [[ $verb == add ]]; then groups[$group]=1; else unset "groups[$group]"; fi
        done
        for group in "${!groups[@]}"; do kill -KILL -- "-$group"; done 2>/dev/null
        """

    /// Never reaped: it outlives this process by a moment.
    private static let shell = try? Spawn(command: ["bash", "-c", script], environment: ["PATH": "/usr/bin:/bin"])

    private static func tell(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        if let shell { _ = send(shell.input, bytes, bytes.count, Int32(MSG_NOSIGNAL)) }
    }
}
