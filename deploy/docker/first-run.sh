#!/bin/sh
# first-run.sh: the secrets of docker-compose.yml, each in the volume of who needs it, made where they are missing. Runs
# to its end before everything else at each `up`, and then changes nothing but a certificate that ends within 30 days or
# is for other names than PROBE_BACKEND_NAMES.
#
# Needs CAP_CHOWN alone: folders stay root's, files go to their readers.
set -eu
umask 077
root=${1:-/secrets}
node_uid=65532

say() { echo "first run: $*"; }

# keep FILE OWNER: the file that was made beside FILE takes its place, whole, readable by OWNER alone.
keep() {
    chmod 0400 "$1.new"
    [ "$(id -u)" -ne 0 ] || chown "$2" "$1.new"
    mv -f "$1.new" "$1"
}

random() { openssl rand -hex 24; }

for folder in authority backend database node; do
    mkdir -p "$root/$folder"
    chmod 0755 "$root/$folder"
done
# The registration token of the composed node comes from the backend's user.
if [ "$(id -u)" -eq 0 ]; then chown "0:$node_uid" "$root/node"; fi
chmod 0775 "$root/node"

ca=$root/authority/ca
if [ ! -s "$ca.pem" ] || [ ! -s "$ca.key" ]; then
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj "/CN=ProbeOps private authority" \
        -addext keyUsage=critical,keyCertSign,cRLSign -keyout "$ca.key.new" -out "$ca.pem.new" 2>/dev/null
    keep "$ca.key" 0
    keep "$ca.pem" 0
    rm -f "$root/backend/tls.pem"
    say "a private authority, for ten years"
fi
for reader in backend node; do
    cmp -s "$ca.pem" "$root/$reader/ca.pem" && continue
    cp "$ca.pem" "$root/$reader/ca.pem.new"
    keep "$root/$reader/ca.pem" "$node_uid"
done

# backend, localhost and 127.0.0.1, and what else the backend is called from outside.
names=DNS:backend,DNS:localhost,IP:127.0.0.1
for name in $(echo "${PROBE_BACKEND_NAMES:-}" | tr ',' ' '); do
    case $name in
        *[!0-9A-Za-z.:*-]*)
            echo "PROBE_BACKEND_NAMES: \"$name\" is neither a host name nor an address." >&2
            exit 78
            ;;
        *:* | *[0-9].*[0-9].*[0-9].*[0-9])
            if echo "$name" | grep -q '[g-zG-Z]'; then names=$names,DNS:$name; else names=$names,IP:$name; fi
            ;;
        *) names=$names,DNS:$name ;;
    esac
done
tls=$root/backend/tls
if ! openssl x509 -in "$tls.pem" -noout -checkend 2592000 >/dev/null 2>&1 ||
    [ "$(cat "$root/authority/names" 2>/dev/null)" != "$names" ]; then
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=backend \
        -keyout "$tls.key.new" -out "$root/authority/request" 2>/dev/null
    printf 'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\nsubjectAltName=%s\n' \
        "$names" >"$root/authority/extensions"
    openssl x509 -req -in "$root/authority/request" -CA "$ca.pem" -CAkey "$ca.key" -days 397 \
        -set_serial "0x$(openssl rand -hex 16)" -extfile "$root/authority/extensions" -out "$tls.pem.new" 2>/dev/null
    keep "$tls.key" "$node_uid"
    keep "$tls.pem" "$node_uid"
    echo "$names" >"$root/authority/names"
    say "a certificate for ${names}, for 397 days"
fi

if [ ! -s "$root/backend/admin-token" ]; then
    echo "padm_$(random)" >"$root/backend/admin-token.new"
    keep "$root/backend/admin-token" "$node_uid"
    say "an admin token"
fi
if [ ! -s "$root/backend/pgpass" ] || [ ! -s "$root/database/password" ]; then
    password=$(random)
    echo "$password" >"$root/database/password.new"
    chmod 0444 "$root/database/password.new"
    mv -f "$root/database/password.new" "$root/database/password"
    echo "database:5432:probeops:probeops:$password" >"$root/backend/pgpass.new"
    keep "$root/backend/pgpass" "$node_uid"
    say "a password for the database"
fi
say "everything is there"
