import CCurl
import COpenSSL

#if canImport(Glibc)
    import Glibc
#endif

extension CurlTransfer {
    /// All run on the reactor's thread, inside `curl_multi_socket_action` or `curl_multi_remove_handle`.
    func setCallbacks() {
        let me = Unmanaged.passUnretained(self).toOpaque()
        let handle = easy.handle
        for option in [
            CURLOPT_OPENSOCKETDATA, CURLOPT_CLOSESOCKETDATA, CURLOPT_SSL_CTX_DATA, CURLOPT_PREREQDATA,
            CURLOPT_HEADERDATA, CURLOPT_WRITEDATA,
            CURLOPT_READDATA, CURLOPT_SEEKDATA, CURLOPT_XFERINFODATA,
        ] { easy.set(option, pointer: me) }

        easy.note(
            probe_curl_set_open_callback(handle, CURLOPT_OPENSOCKETFUNCTION) { me, _, address in
                guard let address else { return PROBE_CURL_SOCKET_BAD }
                return CurlTransfer.from(me)?.open(&address.pointee) ?? PROBE_CURL_SOCKET_BAD
            })
        easy.note(
            probe_curl_set_close_callback(handle, CURLOPT_CLOSESOCKETFUNCTION) { me, socket in
                CurlTransfer.from(me)?.willClose(socket)
                // The answer is complete here, or given up: the peer has had its close_notify or GOAWAY if it was due one,
                // and a reset leaves no TIME_WAIT.
                try? Syscalls.closeWithReset(socket)
                CurlTransfer.from(me)?.closes(socket)
                Syscalls.close(socket)
                return 0
            })
        easy.note(
            probe_curl_set_tls_callback(handle, CURLOPT_SSL_CTX_FUNCTION) { _, context, me in
                guard let context, let transfer = CurlTransfer.from(me) else { return CURLE_ABORTED_BY_CALLBACK }
                transfer.beginTLS(OpaquePointer(context))
                return CURLE_OK
            })
        easy.note(
            probe_curl_set_request_callback(handle, CURLOPT_PREREQFUNCTION) { me, _, _, _, _ in
                CurlTransfer.from(me)?.beginRequest()
                return CURL_PREREQFUNC_OK
            })
        easy.note(
            probe_curl_set_data_callback(handle, CURLOPT_HEADERFUNCTION) { bytes, size, count, me in
                CurlTransfer.from(me)?.takeHead(UnsafeRawBufferPointer(start: bytes, count: size * count)) == true
                    ? size * count : 0
            })
        easy.note(
            probe_curl_set_data_callback(handle, CURLOPT_WRITEFUNCTION) { bytes, size, count, me in
                let piece = UnsafeRawBufferPointer(start: bytes, count: size * count)
                // A short count ends the transfer with CURLE_WRITE_ERROR.
                return CurlTransfer.from(me)?.body.take(piece) == true ? piece.count : Int(CURL_WRITEFUNC_ERROR)
            })
        easy.note(
            probe_curl_set_data_callback(handle, CURLOPT_READFUNCTION) { buffer, size, count, me in
                CurlTransfer.from(me)?.giveBody(UnsafeMutableRawBufferPointer(start: buffer, count: size * count)) ?? 0
            })
        easy.note(
            probe_curl_set_seek_callback(handle, CURLOPT_SEEKFUNCTION) { me, offset, origin in
                guard origin == SEEK_SET, let transfer = CurlTransfer.from(me) else { return CURL_SEEKFUNC_FAIL }
                transfer.uploaded = Int(offset)
                return CURL_SEEKFUNC_OK
            })
        easy.note(
            probe_curl_set_progress_callback(handle, CURLOPT_XFERINFOFUNCTION) { me, _, downloaded, _, _ in
                CurlTransfer.from(me)?.progress(downloaded: Int(downloaded)) ?? 1
            })
        easy.set(CURLOPT_NOPROGRESS, false)
    }

    private static func from(_ pointer: UnsafeMutableRawPointer?) -> CurlTransfer? {
        pointer.map { Unmanaged<CurlTransfer>.fromOpaque($0).takeUnretainedValue() }
    }

    private func open(_ wanted: inout curl_sockaddr) -> curl_socket_t {
        // libcurl resolved the literal of CURLOPT_CONNECT_TO; only a link-local address's zone is not in it.
        do throws(ProbeFailure) {
            let opened = try opener().release()
            setZone(in: &wanted)
            stamps.started = time.now
            socket = opened
            return opened
        } catch {
            refusal = error
            return PROBE_CURL_SOCKET_BAD
        }
    }

    /// Still within this transfer's life: its connection is its own and never kept.
    private func willClose(_ socket: curl_socket_t) {
        guard socket == self.socket, let info = try? Syscalls.tcpInfo(socket), info.roundTrip > .zero else { return }
        tcp = info
    }

    private func setZone(in wanted: inout curl_sockaddr) {
        guard route.connect.address.zone != 0, wanted.family == IPAddress.Family.v6.domain else { return }
        withUnsafeMutableBytes(of: &wanted.addr) { raw in
            raw.baseAddress?.assumingMemoryBound(to: sockaddr_in6.self).pointee.sin6_scope_id =
                route.connect.address.zone
        }
    }

    /// A proxy that is spoken to over TLS comes first, the URL's host after it.
    private func beginTLS(_ context: OpaquePointer) {
        if let verifier = options.proxyVerifier, proxyHandshake == nil {
            let handshake = TLSHandshake()
            proxyHandshake = handshake
            handshake.attach(to: context, verifier: verifier, enforces: options.enforcesVerification, time: time)
            return
        }
        stamps.connected = time.now
        handshake.attach(
            to: context, verifier: options.verifier, enforces: options.enforcesVerification, time: time)
    }

    private func beginRequest() {
        let now = time.now
        handshake.complete()
        if stamps.connected == nil { stamps.connected = now }
        stamps.ready = now
    }

    private func takeHead(_ line: UnsafeRawBufferPointer) -> Bool {
        if stamps.firstByte == nil { stamps.firstByte = time.now }
        headIsTooLarge = !head.take(line)
        return !headIsTooLarge
    }

    private func giveBody(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
        guard let body = request.body else { return 0 }
        let count = min(buffer.count, body.count - uploaded)
        body.withUnsafeBytes {
            buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[uploaded..<uploaded + count]))
        }
        uploaded += count
        stamps.sent = time.now
        return count
    }

    /// Counts what came over the network: a compressed body may be long and decode to nothing.
    private func progress(downloaded: Int) -> Int32 {
        guard downloaded > body.limit, !body.isTruncated else { return 0 }
        body.truncate()
        return 1
    }
}
