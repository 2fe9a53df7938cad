/// The node's version, as the backend and `--version` see it.
public enum Version {
    public static let current = "0.1.0"
}
