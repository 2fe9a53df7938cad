#!/usr/bin/env bash
# deb-test.sh [FOLDER]: install, run, upgrade, remove and purge both packages of FOLDER (.build-packages) in a fresh Debian
# with systemd as process 1; those of a later version are made from PROGRAMS. Needs root; `make deb-test` builds before.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
version=$(scripts/version.sh)
suffix=${version/-/\~}_$(dpkg --print-architecture).deb
packages=("${1:-.build-packages}/probe-agent_$suffix" "${1:-.build-packages}/probe-backend_$suffix")
VERSION=$version+later COMPRESSION=gzip OUT=$work/later scripts/deb.sh >/dev/null
if command -v lintian >/dev/null; then
    lintian --allow-root --fail-on error "${packages[@]}"
else
    echo "deb-test: lintian is not installed, the packages were not held against Debian's policy"
fi
scripts/fresh-debian.sh "$work/debian" "${packages[@]}"
mkdir "$work/debian/root/later"
cp "$work"/later/*.deb "$work/debian/root/later/"

cat >"$work/script" <<'END'
set -uo pipefail
export DEBIAN_FRONTEND=noninteractive
failures=0
check() { # check WHAT COMMAND...
    if "${@:2}" >/tmp/out 2>&1; then
        echo "ok    $1"
    else
        echo "FAIL  $1"
        sed 's/^/      /' /tmp/out
        failures=$((failures + 1))
    fi
}
fails_with() { # fails_with CODE COMMAND...
    "${@:2}"
    [[ $? -eq $1 ]]
}
within() { # within SECONDS COMMAND...
    local end=$((SECONDS + $1))
    until "${@:2}"; do
        [[ $SECONDS -lt $end ]] || return 1
        sleep 0.5
    done
}
is() { [[ $1 == "$2" ]] || { echo "\"$1\" is not \"$2\""; return 1; }; }
property() { systemctl show --property="$2" --value "$1"; }
backend=http://127.0.0.1:8000
state=/var/lib/probeops

check "installs" apt-get -q -y --no-install-recommends install /root/*.deb
check "starts nothing by itself" is "$(property probe-agent ActiveState)$(property probe-backend ActiveState)" inactiveinactive
check "enables nothing by itself" fails_with 1 systemctl is-enabled --quiet probe-agent
check "node's user owns the state" is "$(stat -c '%U %a' $state)" "probeops 700"
check "settings are nobody else's" is "$(stat -c '%U %a' /etc/probeops/probe-agent.env)" "root 600"
check "admin token is nobody else's" is "$(stat -c '%U %a' /etc/probeops/admin-token)" "root 600"
check "program has the capability" bash -c 'getcap /usr/bin/probe-agent | grep -q cap_net_raw=p'
check "an ordinary user pings" runuser -u nobody -- probe-agent ping 127.0.0.1 -c 1
check "libraries are there" probe-backend --version
check "units are as systemd wants them" bash -c '! systemd-analyze verify --man=no probe-agent.service probe-backend.service 2>&1 | grep .'

check "without configuration the node does not start" fails_with 1 systemctl start probe-agent
check "and is not started again and again" is "$(property probe-agent ExecMainStatus) $(property probe-agent NRestarts)" "78 0"

check "backend starts" systemctl enable --now probe-backend
token=$(runuser -u probeops-backend -- probe-backend token create --database $state-backend/fleet.db)
check "node registers" runuser -u probeops -- probe-agent register --backend $backend --token "$token" --state-dir $state
identity=$(cat $state/identity.json)
check "node starts" systemctl enable --now probe-agent
check "node is ready" within 60 probe-agent status --ready
check "node tells systemd how it is" within 10 bash -c 'systemctl show -P StatusText probe-agent | grep .'
check "node has no capability left" grep -q '^CapPrm:[[:space:]]*0*$' "/proc/$(property probe-agent MainPID)/status"
check "node says that it is hardened" bash -c 'journalctl -u probe-agent | grep agent.hardened | grep -vq warning'
check "node pings by raw sockets" bash -c 'journalctl -u probe-agent | grep -c agent.warning | grep -qx 0'
export PROBEOPS_API_KEY=$(cat /etc/probeops/admin-token)
check "backend sees it" within 30 bash -c 'probe-backend nodes | grep -w online'
check "reload is heard" systemctl reload probe-agent
check "and logged" within 20 bash -c 'journalctl -u probe-agent | grep agent.reloaded'

# Longer than the watchdog's 30 s, without a backend: it is fed by the reactors.
node=$(property probe-agent MainPID)
systemctl stop probe-backend
check "node lives without a backend" probe-agent status --live
check "and is not ready then" within 60 fails_with 1 probe-agent status --ready
sleep 40
check "watchdog leaves it alone" is "$(property probe-agent MainPID)" "$node"
systemctl start probe-backend
check "node comes back" within 60 probe-agent status --ready
kill -STOP "$node"
check "watchdog ends a node that hangs" within 90 bash -c "[[ \$(systemctl show -P MainPID probe-agent) != $node ]]"
check "and it is back" within 60 probe-agent status --ready
kill -KILL "$(property probe-agent MainPID)"
check "killed, it is back" within 60 probe-agent status --ready

node=$(property probe-agent MainPID)
echo PROBEOPS_LOG_LEVEL=debug >>/etc/probeops/probe-agent.env
check "upgrades" apt-get -q -y --no-install-recommends install /root/later/*.deb
check "to the later version" bash -c '[[ $(dpkg-query -W -f "\${Version}" probe-agent) == *+later ]]'
check "with the operator's settings" grep -qx PROBEOPS_LOG_LEVEL=debug /etc/probeops/probe-agent.env
check "with the identity" is "$(cat $state/identity.json)" "$identity"
check "with the admin token" is "$(cat /etc/probeops/admin-token)" "$PROBEOPS_API_KEY"
check "with the capability" bash -c 'getcap /usr/bin/probe-agent | grep -q cap_net_raw=p'
check "restarts what ran" within 60 probe-agent status --ready
check "as a new process" bash -c "[[ $(property probe-agent MainPID) != $node ]]"
check "enabled still" systemctl is-enabled --quiet probe-agent

check "stops gracefully" systemctl stop probe-agent
check "with exit code 0" is "$(property probe-agent ExecMainStatus)" 0
systemctl start probe-agent
check "is removed" apt-get -q -y remove probe-agent probe-backend
check "stopped before" bash -c '! pgrep -x "probe-agent|probe-backend"'
check "leaves the identity" test -s $state/identity.json
check "leaves the settings" test -s /etc/probeops/probe-agent.env
check "is purged" apt-get -q -y purge probe-agent probe-backend
check "leaves no state" bash -c "! ls -d $state $state-backend /etc/probeops 2>/dev/null"
check "leaves no link to a unit" bash -c '! find /etc/systemd/system -name "probe-*" | grep .'

if [[ $failures -gt 0 ]]; then
    journalctl -u probe-agent -u probe-backend --no-pager | tail -n 60
    echo "deb-test: $failures failures"
    exit 1
fi
echo "deb-test: all is well"
END
scripts/debian-machine.sh "$work/debian" "$work/script"
