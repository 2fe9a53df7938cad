import CPCRE2

/// Owns one compiled pattern, which PCRE2 never writes to after compiling: any number of threads may search with it.
final class PatternCode: @unchecked Sendable {
    // @unchecked: an opaque pointer to memory that is only read.
    let pointer: OpaquePointer

    init(compiling text: String, matchesLines: Bool) throws(PatternError) {
        // Protocols end their lines with CRLF: `^250 OK$` must match one of them.
        guard let context = pcre2_compile_context_create_8(nil) else {
            throw PatternError(offset: 0, message: "no memory")
        }
        defer { pcre2_compile_context_free_8(context) }
        pcre2_set_newline_8(context, UInt32(PCRE2_NEWLINE_ANYCRLF))
        var status: Int32 = 0
        var offset = 0
        var text = text
        let options = PROBE_PCRE2_COMPILE | (matchesLines ? PCRE2_MULTILINE : 0)
        let compiled = text.withUTF8 { utf8 in
            pcre2_compile_8(utf8.baseAddress, utf8.count, options, &status, &offset, context)
        }
        guard let compiled else { throw PatternError(offset: offset, message: Self.message(status)) }
        pointer = compiled
    }

    deinit { pcre2_code_free_8(pointer) }

    private static func message(_ status: Int32) -> String {
        var buffer = [UInt8](repeating: 0, count: 256)
        guard pcre2_get_error_message_8(status, &buffer, buffer.count) > 0 else { return "error \(status)" }
        return String(decoding: buffer.prefix { $0 != 0 }, as: UTF8.self)
    }
}
