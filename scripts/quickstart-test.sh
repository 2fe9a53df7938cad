#!/usr/bin/env bash
# quickstart-test.sh [FOLDER]: an hour of a new user: in a fresh Debian with systemd as process 1, the commands of
# docs/quickstart.md, "By package", as they stand there, up to a registered node. FOLDER has the packages (.build-packages).
# Needs root; `make quickstart-test` builds before.
set -euo pipefail
cd "$(dirname "$0")/.."

packages=${1:-.build-packages}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
version=$(scripts/version.sh)
suffix=${version/-/\~}_$(dpkg --print-architecture).deb
scripts/fresh-debian.sh "$work/debian" "$packages/probe-agent_$suffix" "$packages/probe-backend_$suffix"
{
    echo "set -euxo pipefail; cd /root"
    scripts/page-commands.sh docs/quickstart.md "By package"
    # What the user would look for.
    # shellcheck disable=SC2016 # The script's own expansion.
    echo 'PROBEOPS_API_KEY=$(cat /etc/probeops/admin-token) probe-backend nodes | grep -w online'
} >"$work/script"
timeout 600 scripts/debian-machine.sh "$work/debian" "$work/script"
echo "quickstart-test: the node is registered and online"
