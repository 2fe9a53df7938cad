#ifndef PROBEOPS_COPENSSL_H
#define PROBEOPS_COPENSSL_H
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#endif
