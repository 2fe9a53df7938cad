#!/usr/bin/env bash
# fresh-debian.sh FOLDER PACKAGE.deb...: an empty Debian 12 with systemd and sudo in FOLDER, the packages in its /root, and what
# they depend on or recommend in its cache, so that they can be installed without a network. DEBIAN_CACHE keeps the empty
# Debian between runs (.build-packages/debian.tar). Needs root and debootstrap.
set -euo pipefail

folder=$1
cache=${DEBIAN_CACHE:-.build-packages/debian.tar}
if [[ ! -e $cache ]]; then
    if ! command -v debootstrap >/dev/null; then
        echo "fresh-debian: debootstrap is missing (apt-get install debootstrap)" >&2
        exit 1
    fi
    made=$(mktemp -d)
    # It is the root folder of all users there.
    chmod 0755 "$made"
    trap 'rm -rf "$made"' EXIT
    mirror=$(grep -rhoE 'https?://[^ ]+/debian/?( |$)' /etc/apt/sources.list /etc/apt/sources.list.d 2>/dev/null | head -n 1) || true
    debootstrap --variant=minbase --include=systemd,systemd-sysv,dbus,adduser,ca-certificates,procps,sudo bookworm "$made" \
        "${mirror:-http://deb.debian.org/debian}" >"$made.log" 2>&1 || {
        tail "$made.log" >&2
        exit 1
    }
    rm -f "$made.log" "$made"/var/cache/apt/archives/*.deb
    mkdir -p "$(dirname "$cache")"
    tar -C "$made" -cf "$cache.new" .
    mv "$cache.new" "$cache"
fi
mkdir -p "$folder"
tar -C "$folder" -xf "$cache"
cp "${@:2}" "$folder/root/"
cp /etc/resolv.conf "$folder/etc/resolv.conf"
echo probe-machine >"$folder/etc/hostname"
echo 127.0.1.1 probe-machine >>"$folder/etc/hosts"
# Docker's and debootstrap's clean-ups would empty the cache.
rm -f "$folder/etc/apt/apt.conf.d/docker-clean"
names=("${@:2}")
names=("${names[@]##*/}")
chroot "$folder" env DEBIAN_FRONTEND=noninteractive bash -euc '
    apt-get -q update
    apt-get -q -y -o Acquire::Retries=3 install --download-only "$@"
' bash "${names[@]/#//root/}" >"$folder/root/download.log" 2>&1 || {
    tail "$folder/root/download.log" >&2
    exit 1
}
