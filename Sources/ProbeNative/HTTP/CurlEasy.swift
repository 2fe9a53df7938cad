import CCurl

/// Owns one CURL handle. Options that libcurl refuses are remembered, so that a transfer is set up in straight lines
/// and judged once.
final class CurlEasy {
    let handle: UnsafeMutableRawPointer
    /// What libcurl says to the first option that it refused.
    private(set) var refusal: CURLcode?
    private var lists: [UnsafeMutablePointer<curl_slist>] = []
    /// 256 bytes that libcurl writes its sentence into; they must outlive the handle.
    private let message: UnsafeMutablePointer<CChar>

    /// Nil without memory.
    init?() {
        guard CurlMulti.isReady, let handle = curl_easy_init() else { return nil }
        self.handle = handle
        message = .allocate(capacity: Int(CURL_ERROR_SIZE))
        message.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        begin()
    }

    private func begin() {
        message.pointee = 0
        refusal = nil
        note(probe_curl_set_pointer(handle, CURLOPT_ERRORBUFFER, message))
    }

    /// As it was when it was made, to be used again: curl_easy_reset(3) leaves no option and no answer behind.
    func reset() {
        curl_easy_reset(handle)
        freeLists()
        begin()
    }

    private func freeLists() {
        for list in lists { curl_slist_free_all(list) }
        lists.removeAll(keepingCapacity: true)
    }

    deinit {
        curl_easy_cleanup(handle)
        freeLists()
        message.deallocate()
    }

    /// libcurl's own sentence about a failure; empty when it has none.
    var errorText: String { String(cString: message) }

    func note(_ status: CURLcode) {
        if status != CURLE_OK, refusal == nil { refusal = status }
    }

    func set(_ option: CURLoption, _ value: Int) { note(probe_curl_set_long(handle, option, value)) }
    func set(_ option: CURLoption, _ flag: Bool) { set(option, flag ? 1 : 0) }
    func set(_ option: CURLoption, offset: Int) { note(probe_curl_set_offset(handle, option, curl_off_t(offset))) }
    func set(_ option: CURLoption, pointer: UnsafeMutableRawPointer?) {
        note(probe_curl_set_pointer(handle, option, pointer))
    }
    /// libcurl copies the text; nil is its own "none".
    func set(_ option: CURLoption, _ text: String?) { note(probe_curl_set_string(handle, option, text)) }

    func set(_ option: CURLoption, list texts: [String]) {
        var list: UnsafeMutablePointer<curl_slist>?
        for text in texts {
            guard let longer = curl_slist_append(list, text) else {
                curl_slist_free_all(list)
                return note(CURLE_OUT_OF_MEMORY)
            }
            list = longer
        }
        guard let list else { return }
        lists.append(list)
        set(option, pointer: list)
    }

    func integer(_ info: CURLINFO) -> Int {
        var value = 0
        return probe_curl_info_long(handle, info, &value) == CURLE_OK ? value : 0
    }

    func offset(_ info: CURLINFO) -> Int {
        var value: curl_off_t = 0
        return probe_curl_info_offset(handle, info, &value) == CURLE_OK ? Int(value) : 0
    }

    /// Of the CURLINFO_*_TIME_T, microseconds since the transfer's start.
    func time(_ info: CURLINFO) -> Duration { .microseconds(offset(info)) }
}
