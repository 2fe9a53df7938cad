#!/usr/bin/env bash
# install.sh [PACKAGE...]: install probe-agent and probe-backend (or those named) from PROGRAMS (a folder with the built
# programs) under DESTDIR, with PREFIX (/usr/local), UNITDIR (PREFIX/lib/systemd/system) and SYSCONFDIR (/etc).
# install.sh --uninstall: the reverse; configuration and state stay.
set -euo pipefail
cd "$(dirname "$0")/.."

destdir=${DESTDIR:-} prefix=${PREFIX:-/usr/local} sysconfdir=${SYSCONFDIR:-/etc}
unitdir=${UNITDIR:-$prefix/lib/systemd/system}
uninstall=false
if [[ ${1:-} == --uninstall ]]; then
    uninstall=true
    shift
fi
packages=("$@")
[[ $# -gt 0 ]] || packages=(probe-agent probe-backend)

for package in "${packages[@]}"; do
    files=("$prefix/bin/$package" "$unitdir/$package.service" "$prefix/share/doc/$package")
    if $uninstall; then
        rm -rfv "${files[@]/#/$destdir}"
        continue
    fi
    install -D -m 0755 "${PROGRAMS:?is to name the folder of the built programs}/$package" "$destdir${files[0]}"
    install -d "$destdir$unitdir" "$destdir${files[2]}"
    sed "s,/usr/bin/,$prefix/bin/,; s,/usr/share/doc/,$prefix/share/doc/,; s,/etc/probeops/,$sysconfdir/probeops/," \
        "deploy/systemd/$package.service" >"$destdir${files[1]}"
    chmod 0644 "$destdir${files[1]}"
    install -m 0644 docs/systemd.md docs/configuration.md CHANGELOG.md "$destdir${files[2]}"
    # What is there may hold secrets, and is the operator's.
    if [[ ! -e $destdir$sysconfdir/probeops/$package.env ]]; then
        install -D -m 0600 "deploy/systemd/$package.env" "$destdir$sysconfdir/probeops/$package.env"
    fi
done
[[ -z $destdir ]] || exit 0

if $uninstall; then
    echo "Left in place: $sysconfdir/probeops, /var/lib/probeops, /var/lib/probeops-backend and their users."
    exit 0
fi
# Without DESTDIR this is the machine that will run them.
for package in "${packages[@]}"; do
    user=probeops
    [[ $package == probe-agent ]] || user=probeops-backend
    getent passwd "$user" >/dev/null ||
        useradd --system --user-group --no-create-home --home-dir "/var/lib/$user" --shell /usr/sbin/nologin "$user"
    install -d -o "$user" -g "$user" -m 0700 "/var/lib/$user"
done
if [[ " ${packages[*]} " == *" probe-agent "* ]]; then
    # Raw sockets for whoever runs the program; +p, so that it also starts where the capability cannot be had.
    setcap cap_net_raw+p "$prefix/bin/probe-agent" || echo "install.sh: setcap failed: ping will need root" >&2
fi
if [[ " ${packages[*]} " == *" probe-backend "* && ! -e $sysconfdir/probeops/admin-token ]]; then
    (umask 077 && printf 'padm_%s\n' "$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')" >"$sysconfdir/probeops/admin-token")
fi
if [[ -d /run/systemd/system ]]; then systemctl daemon-reload; fi
echo "Installed ${packages[*]}. Next: docs/quickstart.md."
