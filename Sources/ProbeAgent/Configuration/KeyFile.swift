import ProbeNative

/// A file that holds an API key and nothing else but white space around it.
struct KeyFile {
    let key: Secret
    let isReadableByOthers: Bool

    /// - Throws: a sentence that names the file and does not quote it.
    init(path: String) throws(ConfigurationError) {
        let file = try BoundedFile(path: path, limit: 64 << 10)
        isReadableByOthers = file.isReadableByOthers
        let text = file.text.drop(while: \.isWhitespace)
        let end = text.lastIndex { !$0.isWhitespace }.map(text.index(after:)) ?? text.startIndex
        guard end > text.startIndex else { throw ConfigurationError("The key file \(path) is empty.") }
        guard let key = ValueFormat<Secret>.key.read(String(text[..<end])) else {
            throw ConfigurationError("The key file \(path) must hold \(Setting.key.allowed), and nothing else.")
        }
        self.key = key
    }

    /// Where service managers put a key, in the order in which they are looked at: systemd's LoadCredential (systemd.exec(5)),
    /// Docker's secrets.
    static func stores(_ environment: [String: String], secrets: String) -> [String] {
        let credentials = environment["CREDENTIALS_DIRECTORY"].map { $0 + "/probeops-api-key" }
        return [credentials, secrets + "/probeops_api_key"].compactMap(\.self)
    }
}
