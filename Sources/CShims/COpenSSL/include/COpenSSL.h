// OpenSSL, with what Swift does not import of it: macros and the type-checked stack inlines.
#ifndef PROBEOPS_COPENSSL_H
#define PROBEOPS_COPENSSL_H

#include <openssl/err.h>
#include <openssl/evp.h>
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

// Flag macros that are expressions. Names as RFC 4514 has them, with UTF-8 left as it is.
static const unsigned long PROBE_NAME_RFC4514 = XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB;
static const unsigned long PROBE_VERIFY_FLAGS = X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_TRUSTED_FIRST;

#endif
