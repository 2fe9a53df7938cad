import CIDN

/// International names in their ASCII form, by libidn2: IDNA 2008 with the mapping of UTS #46.
enum IDNA {
    /// `text`, a name or one label of it, in ASCII; as it is when it is ASCII already.
    /// - Parameter whole: what an error sentence quotes.
    static func ascii(_ text: String, of whole: String) throws(InvalidInput) -> String {
        guard text.utf8.contains(where: { $0 >= 0x80 }) else { return text }
        var output: UnsafeMutablePointer<CChar>?
        let status = idn2_to_ascii_8z(text, &output, Int32(IDN2_NONTRANSITIONAL.rawValue))
        defer { idn2_free(output) }
        guard status == Int32(IDN2_OK.rawValue), let output else {
            throw InvalidInput(
                "The target \(whole.quotedForMessage) is not a valid international name: "
                    + "\(String(cString: idn2_strerror(status))).")
        }
        return String(cString: output)
    }
}
