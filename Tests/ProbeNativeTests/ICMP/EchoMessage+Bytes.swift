@testable import ProbeNative

extension EchoMessage {
    /// The message as an array.
    static func request(
        _ family: IPAddress.Family, ident: UInt16, sequence: UInt16, size: Int, cookie: [UInt8],
        keepsChecksum: Bool = false
    ) -> [UInt8] {
        var message = [UInt8](repeating: 0xff, count: headerLength + size)
        message.withUnsafeMutableBytes { bytes in
            write(
                to: bytes, family, ident: ident, sequence: sequence,
                cookie: cookie.withUnsafeBytes { EchoCookie(WireBytes($0)) }, keepsChecksum: keepsChecksum)
        }
        return message
    }
}
