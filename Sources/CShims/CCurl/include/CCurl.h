// libcurl, with what Swift does not import of it: variadic calls and constants that are casts.
#ifndef PROBEOPS_CCURL_H
#define PROBEOPS_CCURL_H

// The checking macros look at constant options only; here the option is always a variable.
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

// curl_easy_setopt, curl_easy_getinfo and curl_multi_setopt are variadic. One inline for each type of the argument,
// never for an option: which option takes which type is libcurl's CURLOPTTYPE_*.
#define PROBE_CURL_EASY_SETTER(name, type) \
    static inline CURLcode probe_curl_set_##name(CURL *easy, CURLoption option, type value) { \
        return curl_easy_setopt(easy, option, value); \
    }
PROBE_CURL_EASY_SETTER(long, long)
PROBE_CURL_EASY_SETTER(offset, curl_off_t)
PROBE_CURL_EASY_SETTER(string, const char *)
PROBE_CURL_EASY_SETTER(pointer, void *)
// Write, header and read callbacks have one signature.
PROBE_CURL_EASY_SETTER(data_callback, curl_write_callback)
PROBE_CURL_EASY_SETTER(seek_callback, curl_seek_callback)
PROBE_CURL_EASY_SETTER(progress_callback, curl_xferinfo_callback)
PROBE_CURL_EASY_SETTER(open_callback, curl_opensocket_callback)
PROBE_CURL_EASY_SETTER(close_callback, curl_closesocket_callback)
PROBE_CURL_EASY_SETTER(tls_callback, curl_ssl_ctx_callback)
PROBE_CURL_EASY_SETTER(request_callback, curl_prereq_callback)

#define PROBE_CURL_MULTI_SETTER(name, type) \
    static inline CURLMcode probe_curl_multi_set_##name(CURLM *multi, CURLMoption option, type value) { \
        return curl_multi_setopt(multi, option, value); \
    }
PROBE_CURL_MULTI_SETTER(long, long)
PROBE_CURL_MULTI_SETTER(pointer, void *)
PROBE_CURL_MULTI_SETTER(socket_callback, curl_socket_callback)
PROBE_CURL_MULTI_SETTER(timer_callback, curl_multi_timer_callback)

#define PROBE_CURL_INFO_GETTER(name, type) \
    static inline CURLcode probe_curl_info_##name(CURL *easy, CURLINFO info, type *value) { \
        return curl_easy_getinfo(easy, info, value); \
    }
PROBE_CURL_INFO_GETTER(long, long)
PROBE_CURL_INFO_GETTER(offset, curl_off_t)

// Macros that are expressions or casts.
static const long PROBE_CURL_GLOBAL_ALL = CURL_GLOBAL_ALL;
static const long PROBE_CURL_HTTP_1_1 = CURL_HTTP_VERSION_1_1;
static const long PROBE_CURL_HTTP_2_OVER_TLS = CURL_HTTP_VERSION_2TLS;
static const long PROBE_CURL_HTTP_2_ALWAYS = CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE;
static const long PROBE_CURL_TLS_1_2 = CURL_SSLVERSION_TLSv1_2;
static const curl_socket_t PROBE_CURL_SOCKET_BAD = CURL_SOCKET_BAD;
static const curl_socket_t PROBE_CURL_SOCKET_TIMEOUT = CURL_SOCKET_TIMEOUT;

#endif
