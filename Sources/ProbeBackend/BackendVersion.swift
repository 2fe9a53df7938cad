/// The backend's version, as `--version` shows it: that of the node it is released with (scripts/version.sh).
public enum BackendVersion {
    public static let current = "0.1.0"
}
