#!/usr/bin/env bash
# certificates.sh FOLDER: a private CA with an intermediate, and server certificates that are right
# or wrong in one way each. NAME.pem is what the server sends, NAME.key its key; ca.pem is to be
# trusted, other-ca.pem is not. NAME.ocsp is an OCSP response about NAME's certificate, revoked-delegated.ocsp one by a
# responder that the intermediate appointed, revoked-stranger.ocsp one by somebody else.
set -euo pipefail
cd "$1"

names='DNS:localhost,DNS:good.test,DNS:www.probe.test,DNS:*.wild.test,IP:127.0.0.1,IP:::1'
mkdir issued
: >index.txt
openssl rand -hex 16 >serial
cat >openssl.cnf <<'CONF'
[ca]
default_ca = us
[us]
database = index.txt
serial = serial
new_certs_dir = issued
default_md = sha256
policy = any
unique_subject = no
copy_extensions = copy
[any]
organizationName = optional
commonName = supplied
[req]
distinguished_name = dn
[dn]
[authority]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
# What an intermediate signs says where the intermediate's certificate is to be had, as all public authorities do.
[server]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature,keyEncipherment
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
authorityInfoAccess = caIssuers;URI:http://ca.probe.test/intermediate.crt
[server_of_root]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature,keyEncipherment
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[client]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[old_server]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature,keyEncipherment
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
tlsfeature = status_request
[responder]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = OCSPSigning
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
CONF

at() { date -u -d "$1" +%Y%m%d%H%M%SZ; }

# request NAME SUBJECT [KEY TYPE] [SAN]
request() {
    local type=${3:-ec} san=${4:-} options=(-algorithm EC -pkeyopt ec_paramgen_curve:P-256)
    [[ $type == ec ]] || options=(-algorithm RSA -pkeyopt "rsa_keygen_bits:${type#rsa}")
    openssl genpkey "${options[@]}" -out "$1.key"
    openssl req -new -config openssl.cnf -key "$1.key" -subj "/O=Probe Test/CN=$2" \
        ${san:+-addext "subjectAltName=$san"} -out "$1.csr"
}

# sign NAME ISSUER EXTENSIONS [FROM] [TO]
sign() {
    openssl ca -batch -notext -config openssl.cnf -cert "$2.crt" -keyfile "$2.key" -extensions "$3" \
        -md "${digest:-sha256}" -startdate "$(at "${4:--1 day}")" -enddate "$(at "${5:-+30 days}")" -in "$1.csr" -out "$1.crt"
}

# self_sign NAME EXTENSIONS
self_sign() {
    openssl ca -batch -notext -selfsign -config openssl.cnf -keyfile "$1.key" -extensions "$2" \
        -startdate "$(at '-1 day')" -enddate "$(at '+30 days')" -in "$1.csr" -out "$1.crt"
}

# answer NAME SIGNER [FILE]: by the index of what was issued.
answer() {
    openssl ocsp -index index.txt -CA intermediate.crt -issuer intermediate.crt -cert "$1.crt" -rsigner "$2.crt" \
        -rkey "$2.key" -ndays 7 -noverify -respout "${3:-$1}.ocsp"
}

make_all() {
    request ca "Probe Test Root"
    self_sign ca authority
    request other-ca "Some Other Root"
    self_sign other-ca authority
    request intermediate "Probe Test Intermediate"
    sign intermediate ca authority

    request good good.test ec "$names"
    sign good intermediate server
    request rsa good.test rsa2048 "$names"
    sign rsa intermediate server
    request wrong-host elsewhere.example ec DNS:elsewhere.example
    sign wrong-host intermediate server
    request expired good.test ec "$names"
    sign expired intermediate server '-10 days' '-2 days'
    request not-yet-valid good.test ec "$names"
    sign not-yet-valid intermediate server '+2 days' '+10 days'
    request other-authority good.test ec "$names"
    sign other-authority other-ca server_of_root
    request self-signed good.test ec "$names"
    self_sign self-signed server_of_root
    # A short key, signed with SHA-1, without names, asking for a staple that it does not get.
    request old good.test rsa1024
    digest=sha1 sign old intermediate old_server

    request client "Probe Test Node"
    sign client ca client
    request other-client "Some Other Node"
    sign other-client other-ca client

    request revoked good.test ec "$names"
    sign revoked intermediate server
    request revoked-elsewhere elsewhere.example ec DNS:elsewhere.example
    sign revoked-elsewhere intermediate server
    for name in revoked revoked-elsewhere; do
        openssl ca -config openssl.cnf -cert intermediate.crt -keyfile intermediate.key -crl_reason keyCompromise \
            -revoke "$name.crt"
    done
    request responder "Probe Test Responder"
    sign responder intermediate responder
    request stranger "Probe Test Stranger"
    sign stranger intermediate server
    answer good intermediate
    answer revoked intermediate
    answer revoked-elsewhere intermediate
    answer revoked responder revoked-delegated
    answer revoked stranger revoked-stranger
}
make_all >openssl.log 2>&1 || {
    cat openssl.log >&2
    exit 1
}

for name in good rsa wrong-host expired not-yet-valid old revoked revoked-elsewhere; do
    cat "$name.crt" intermediate.crt >"$name.pem"
done
for name in other-authority self-signed client other-client; do cp "$name.crt" "$name.pem"; done
cp good.crt missing-intermediate.pem
cp good.key missing-intermediate.key
cp ca.crt ca.pem
cp other-ca.crt other-ca.pem
rm -rf issued ./*.csr ./*.crt index.txt* serial* openssl.cnf
