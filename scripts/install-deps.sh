#!/usr/bin/env bash
# install-deps.sh [build|demo|test|deb|bench|bench-check]: install the Debian packages that the step needs.
# Says nothing and starts nothing but one dpkg-query when all of them are there.
set -euo pipefail

step=${1:-test}

# What `swift build` needs: the toolchain's own needs (git, C headers) and our C libraries.
packages=(
    git ca-certificates gcc libc6-dev libstdc++-12-dev
    libssl-dev liboping-dev libldns-dev libcurl4-openssl-dev libsqlite3-dev libidn2-dev libpcre2-dev libpq-dev
    pkg-config
)
demo_packages=(curl openssl python3 libcap2-bin)
test_packages=(
    nginx-light nsd unbound fping bind9-dnsutils curl strace nftables iproute2 python3 python3-websockets
    ldnsutils openssl libcap2-bin jq sqlite3 traceroute mtr-tiny iputils-tracepath nmap libfaketime chromium chromium-driver python3-selenium postgresql-15
    prometheus prometheus-blackbox-exporter golang-go golang-github-masterminds-sprig-dev golang-gopkg-yaml.v3-dev
)
deb_packages=(dpkg-dev libcap2-bin debootstrap lintian)
bench_check_packages=(strace valgrind binutils nginx-light nsd python3)
bench_packages=(
    prometheus-blackbox-exporter wrk fping dnsperf nginx-light nsd iputils-ping bind9-dnsutils netcat-openbsd curl
    python3 python3-websockets nftables iproute2
)
case $step in
    build) ;;
    demo) packages+=("${demo_packages[@]}") ;;
    test) packages+=("${test_packages[@]}") ;;
    deb) packages+=("${deb_packages[@]}") ;;
    bench) packages+=("${bench_packages[@]}") ;;
    bench-check) packages+=("${bench_check_packages[@]}") ;;
    *)
        echo "usage: install-deps.sh [build|demo|test|deb|bench|bench-check]" >&2
        exit 64
        ;;
esac

missing_packages() {
    local installed
    # Fails when a package is unknown to dpkg, which only means that it is missing.
    installed=$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' "${packages[@]}" 2>/dev/null || true)
    comm -23 <(printf '%s\n' "${packages[@]}" | sort -u) \
        <(awk '$1 == "installed" { print $2 }' <<<"$installed" | sort -u)
}

if ! command -v dpkg-query >/dev/null; then
    echo "install-deps.sh: this is not Debian; please install by hand: ${packages[*]}" >&2
    exit 1
fi
mapfile -t missing < <(missing_packages)
[[ ${#missing[@]} -gt 0 ]] || exit 0

if [[ $(id -u) -eq 0 ]]; then
    as_root=(env)
elif command -v sudo >/dev/null; then
    as_root=(sudo env)
else
    echo "install-deps.sh: these packages are missing and neither root nor sudo is at hand;" \
        "as root, run: apt-get install ${missing[*]}" >&2
    exit 1
fi

# nginx, nsd and unbound are wanted as programs that tests start on loopback ports of their own,
# not as services of this machine. invoke-rc.d asks this file before it starts any.
policy=/usr/sbin/policy-rc.d
marker='# written by probeops install-deps.sh'
remove_policy() {
    if grep -qsxF "$marker" "$policy"; then "${as_root[@]}" rm -f "$policy"; fi
}
trap remove_policy EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
if [[ ! -e $policy ]]; then
    printf '#!/bin/sh\n%s\nexit 101\n' "$marker" | "${as_root[@]}" tee "$policy" >/dev/null
    "${as_root[@]}" chmod 755 "$policy"
fi

echo "Installing ${missing[*]}"
log=$(mktemp)
apt_get() {
    # Its output matters only when it fails.
    if ! "${as_root[@]}" DEBIAN_FRONTEND=noninteractive apt-get -y -q -o Acquire::Retries=3 \
        -o DPkg::Lock::Timeout=300 "$@" </dev/null >"$log" 2>&1; then
        tail -n 30 "$log" >&2
        echo "install-deps.sh: apt-get $1 failed; the whole log is in $log" >&2
        exit 1
    fi
}
apt_get update
apt_get install --no-install-recommends "${missing[@]}"
rm -f "$log"
