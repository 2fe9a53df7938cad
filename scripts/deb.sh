#!/usr/bin/env bash
# deb.sh [PACKAGE...]: make Debian packages of probe-agent and probe-backend (or those named) from PROGRAMS, a folder with
# the built programs, into OUT (.build-packages). Needs dpkg-dev; nothing is fetched, and nobody need be root.
set -euo pipefail
cd "$(dirname "$0")/.."

programs=$(realpath "${PROGRAMS:?is to name the folder of the built programs}")
out=${OUT:-.build-packages}
mkdir -p "$out"
out=$(realpath "$out")
packages=("$@")
[[ $# -gt 0 ]] || packages=(probe-agent probe-backend)
architecture=$(dpkg --print-architecture)
# 1.0.0-rc.1 comes before 1.0.0, which Debian writes with a tilde.
version=${VERSION:-$(scripts/version.sh)}
version=${version/-/\~}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# fill TEMPLATE: with the package's values for the words between at signs.
fill() {
    PACKAGE=$package USER_NAME=$user VERSION=$version ARCH=$architecture SIZE=${size:-} LIBRARIES=${libraries:-} \
        DEPENDS=$depends SETUP=$(<"deploy/debian/$package.setup") FORGET=$forget \
        perl -pe 's/\@USER\@/$ENV{USER_NAME}/g; s/\@([A-Z]+)\@/$ENV{$1}/g' "$1"
}

for package in "${packages[@]}"; do
    case $package in
        probe-agent) user=probeops depends="adduser, ca-certificates, libcap2-bin" forget=: ;;
        probe-backend) user=probeops-backend depends="adduser" forget="rm -f /etc/probeops/admin-token" ;;
        *)
            echo "deb.sh: there is no package $package" >&2
            exit 64
            ;;
    esac
    root=$work/$package
    umask 022
    DESTDIR=$root PREFIX=/usr UNITDIR=/lib/systemd/system PROGRAMS=$programs scripts/install.sh "$package"
    strip --strip-unneeded --remove-section=.comment "$root/usr/bin/$package"

    documents=$root/usr/share/doc/$package
    rm "$documents/CHANGELOG.md"
    gzip -9n <CHANGELOG.md >"$documents/changelog.gz"
    # The day of the sources, so that the same sources make the same package.
    epoch=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}
    printf '%s (%s) stable; urgency=medium\n\n  * See changelog.gz.\n\n -- ProbeOps maintainers <maintainers@probeops.dev>  %s\n' \
        "$package" "$version" "$(LC_ALL=C date -u -R -d "@$epoch")" | gzip -9n >"$documents/changelog.Debian.gz"
    install -m 0644 deploy/debian/copyright "$documents/copyright"
    install -D -m 0644 "deploy/debian/$package.lintian-overrides" "$root/usr/share/lintian/overrides/$package"

    # dpkg-shlibdeps knows a package's root by this folder, and reads its name from debian/control.
    mkdir -p "$root/DEBIAN" "$work/source/debian"
    printf 'Source: probeops\n\nPackage: %s\nArchitecture: any\n' "$package" >"$work/source/debian/control"
    libraries=$(cd "$work/source" && dpkg-shlibdeps --warnings=1 -O "-e$root/usr/bin/$package" | sed -n 's/^shlibs:Depends=//p')
    size=$(du -sk --apparent-size "$root" | cut -f 1)

    { fill deploy/debian/control.in && cat "deploy/debian/$package.description"; } >"$root/DEBIAN/control"
    for script in postinst prerm postrm; do
        fill "deploy/debian/$script.in" >"$root/DEBIAN/$script"
        chmod 0755 "$root/DEBIAN/$script"
    done
    echo "/etc/probeops/$package.env" >"$root/DEBIAN/conffiles"
    (cd "$root" && find usr lib -type f -print0 | sort -z | xargs -0 md5sum) >"$root/DEBIAN/md5sums"
    SOURCE_DATE_EPOCH=$epoch dpkg-deb --root-owner-group -Z"${COMPRESSION:-xz}" --build "$root" "$out" >/dev/null
    echo "$out/${package}_${version}_$architecture.deb"
done
