#!/usr/bin/env bash
# signed-zones.sh FOLDER: a private DNS tree, signed with ldns-signzone: root, test., and below it zones that are right
# or wrong in one way each. NAME.zone is what a server of the zone loads (root.zone and test.zone are the tree's upper
# two); anchor.ds is the root's key as a trust anchor. The servers are ns.root. (127.1.0.1), ns.test. (127.1.0.2) and
# ns.leaf.test. (127.1.0.3), all on one port of the caller's choice.
#
# $ORIGIN and $TTL are the zone files':
# shellcheck disable=SC2016
set -euo pipefail
cd "$1"

now=$(date +%s)
day=86400
good=(-i $((now - day)) -e $((now + 30 * day)))

# key ZONE ALGORITHM -> base name in $key. No -k: a zone signing key alone signs the DNSKEY set, too.
make_key() { key=$(ldns-keygen -a "$2" ${3:+-b "$3"} -k "$1"); }

soa() { echo "\$ORIGIN $1
\$TTL 300
@ IN SOA ns.leaf.test. hostmaster.test. 1 3600 600 86400 60
@ IN NS ns.leaf.test."; }

# What every leaf zone has.
content() { echo 'www IN A 192.0.2.1
www IN AAAA 2001:db8::1
a.ent IN A 192.0.2.2
text IN TXT "hello"
*.wild IN A 192.0.2.3
many IN A 192.0.2.11
many IN A 192.0.2.12'; }

sign() { # sign NAME ZONE KEY OPTIONS... : NAME.plain -> NAME.zone
    local name=$1 zone=$2 with=$3
    shift 3
    ldns-signzone "$@" -o "$zone" -f "$name.zone" "$name.plain" "$with"
}

ds_lines=()
leaf() { # leaf NAME ALGORITHM OPTIONS...: a signed zone whose DS goes to test.
    local name=$1 algorithm=$2
    shift 2
    [[ -f $name.plain ]] || { soa "$name.test."; content; } >"$name.plain"
    local bits=
    [[ $algorithm != RSA* ]] || bits=1024
    make_key "$name.test" "$algorithm" "$bits"
    sign "$name" "$name.test." "$key" "$@"
    ds_lines+=("$(ldns-key2ds -n -2 "$key.key")")
}

# Right in several ways.
{ soa secure.test.; content
  echo 'sub IN NS ns.leaf.test.
alias IN CNAME www
crossing IN CNAME www.hashed.test.
leaving IN CNAME www.unsigned.test.
spoiled IN CNAME www.expired.test.
loop1 IN CNAME loop2
loop2 IN CNAME loop1
dn IN DNAME hashed.test.'; } >secure.plain
{ soa sub.secure.test.; content; } >sub.secure.plain
make_key sub.secure.test ECDSAP256SHA256
sign sub.secure sub.secure.test. "$key" "${good[@]}"
ldns-key2ds -n -2 "$key.key" >>secure.plain
leaf secure ECDSAP256SHA256 "${good[@]}"
leaf hashed RSASHA256 "${good[@]}" -n -t 1 -s beef
{ soa optout.test.; content; echo 'child IN NS ns.leaf.test.'; } >optout.plain
leaf optout ECDSAP256SHA256 "${good[@]}" -n -p
leaf edwards ED25519 "${good[@]}"
leaf costly ECDSAP256SHA256 "${good[@]}" -n -t 200

# Signed without effect, or not signed.
{ soa unsigned.test.; content; } >unsigned.zone
{ soa child.optout.test.; content; } >child.optout.zone
{ soa island.test.; content; } >island.plain
make_key island.test ECDSAP256SHA256
sign island island.test. "$key" "${good[@]}"
{ soa unknown.test.; content; } >unknown.zone
ds_lines+=("unknown.test. IN DS 12345 200 2 $(printf 'ab%.0s' {1..32})")

# Wrong.
leaf expired ECDSAP256SHA256 -i $((now - 20 * day)) -e $((now - day))
leaf future ECDSAP256SHA256 -i $((now + 2 * day)) -e $((now + 20 * day))
leaf stripped ECDSAP256SHA256 "${good[@]}"
cp stripped.plain stripped.zone
leaf wrongkey ECDSAP256SHA256 "${good[@]}"
make_key wrongkey.test ECDSAP256SHA256
sign wrongkey wrongkey.test. "$key" "${good[@]}"
# One signature taken away, one record changed, one proof changed.
leaf nosig ECDSAP256SHA256 "${good[@]}"
sed -i -E '/^www\.nosig\.test\..*RRSIG[[:space:]]+A[[:space:]]/d' nosig.zone
leaf altered ECDSAP256SHA256 "${good[@]}"
sed -i -E 's/192\.0\.2\.1$/192.0.2.66/' altered.zone
leaf damaged ECDSAP256SHA256 "${good[@]}" -n
# Each NSEC3 record now ends its span elsewhere than it was signed for.
sed -i -E '/[[:space:]]NSEC3[[:space:]]/s/(NSEC3[[:space:]]+1 [01] [0-9]+ [-0-9a-f]+ +[0-9a-v]{31})[0-9a-v]/\10/' damaged.zone

{ echo '$ORIGIN test.
$TTL 300
@ IN SOA ns.test. hostmaster.test. 1 3600 600 86400 60
@ IN NS ns.test.
ns IN A 127.1.0.2
ns.leaf IN A 127.1.0.3'
  for zone in secure hashed optout edwards costly unsigned island unknown expired future stripped wrongkey nosig \
      altered damaged; do echo "$zone IN NS ns.leaf.test."; done
  printf '%s\n' "${ds_lines[@]}"; } >test.plain
make_key test ECDSAP256SHA256
sign test test. "$key" "${good[@]}"

{ echo '$ORIGIN .
$TTL 300
@ IN SOA ns.root. hostmaster.root. 1 3600 600 86400 60
@ IN NS ns.root.
ns.root. IN A 127.1.0.1
test. IN NS ns.test.
ns.test. IN A 127.1.0.2'
  ldns-key2ds -n -2 "$key.key"; } >root.plain
make_key . ECDSAP256SHA256
sign root . "$key" "${good[@]}"
ldns-key2ds -n -2 "$key.key" >anchor.ds
cp "$key.key" anchor.key
