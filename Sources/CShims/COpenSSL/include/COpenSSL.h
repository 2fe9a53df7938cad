// OpenSSL, with what Swift does not import of it: macros and the type-checked stack inlines.
#ifndef PROBEOPS_COPENSSL_H
#define PROBEOPS_COPENSSL_H

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

// sk_TYPE_* are macros over OPENSSL_STACK.
static inline int probe_x509_count(const STACK_OF(X509) *stack) { return stack ? sk_X509_num(stack) : 0; }
static inline X509 *probe_x509_at(const STACK_OF(X509) *stack, int index) { return sk_X509_value(stack, index); }
static inline void probe_x509_free_all(STACK_OF(X509) *stack) { sk_X509_pop_free(stack, X509_free); }

static inline int probe_names_count(const GENERAL_NAMES *names) { return names ? sk_GENERAL_NAME_num(names) : 0; }
static inline GENERAL_NAME *probe_names_at(const GENERAL_NAMES *names, int index) {
    return sk_GENERAL_NAME_value(names, index);
}

static inline int probe_access_count(const AUTHORITY_INFO_ACCESS *access) {
    return access ? sk_ACCESS_DESCRIPTION_num(access) : 0;
}
static inline ACCESS_DESCRIPTION *probe_access_at(const AUTHORITY_INFO_ACCESS *access, int index) {
    return sk_ACCESS_DESCRIPTION_value(access, index);
}

// BIO_get_mem_data is a macro over BIO_ctrl.
static inline long probe_bio_bytes(BIO *bio, char **bytes) { return BIO_get_mem_data(bio, bytes); }

// Macros over BIO_ctrl. An empty memory BIO says "try again"; with 0 it says that the stream has ended.
static inline void probe_bio_ends(BIO *bio) { BIO_set_mem_eof_return(bio, 0); }

// Macros over SSL_ctrl and SSL_CTX_ctrl.
static inline void probe_tls_no_session_cache(SSL_CTX *context) {
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
}
static inline long probe_tls_set_versions(SSL *tls, int minimum, int maximum) {
    return SSL_set_min_proto_version(tls, minimum) && SSL_set_max_proto_version(tls, maximum);
}
static inline long probe_tls_set_server_name(SSL *tls, const char *name) { return SSL_set_tlsext_host_name(tls, name); }
static inline void probe_tls_ask_for_staple(SSL *tls) { SSL_set_tlsext_status_type(tls, TLSEXT_STATUSTYPE_ocsp); }
static inline void probe_tls_context_asks_for_staple(SSL_CTX *context) {
    SSL_CTX_set_tlsext_status_type(context, TLSEXT_STATUSTYPE_ocsp);
}
static inline long probe_tls_staple(SSL *tls, const unsigned char **bytes) {
    return SSL_get_tlsext_status_ocsp_resp(tls, bytes);
}
static inline EVP_PKEY *probe_tls_peer_share(SSL *tls) {
    EVP_PKEY *key = NULL;
    return SSL_get_peer_tmp_key(tls, &key) ? key : NULL;
}
static inline int probe_tls_renegotiates_securely(SSL *tls) { return SSL_get_secure_renegotiation_support(tls) == 1; }

// Flag macros that are expressions. No renegotiation: nothing that is measured needs it, and it lets a peer make work.
// A measuring client takes a server that lacks RFC 5746, and reports it.
static const uint64_t PROBE_TLS_OPTIONS = SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION;
static const uint64_t PROBE_TLS_LEGACY = SSL_OP_LEGACY_SERVER_CONNECT;

// Flag macros that are expressions. Names as RFC 4514 has them, with UTF-8 left as it is.
static const unsigned long PROBE_NAME_RFC4514 = XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB;
static const unsigned long PROBE_VERIFY_FLAGS = X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_TRUSTED_FIRST;

#endif
