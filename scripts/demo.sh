#!/usr/bin/env bash
# demo.sh: a backend, a node and one job of each tool on this machine, without internet. Exit code 0
# when every job succeeded. Whatever it starts ends with it; every wait has a limit.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
started=()

stop_all() {
    local pid
    # The node before the backend that it talks to.
    for pid in "${started[@]}"; do kill -TERM "$pid" 2>/dev/null || true; done
    for pid in "${started[@]}"; do
        for _ in $(seq 100); do
            kill -0 "$pid" 2>/dev/null || break
            sleep 0.1
        done
        kill -KILL "$pid" 2>/dev/null || true
    done
    wait 2>/dev/null || true
    rm -rf "$work"
}
trap stop_all EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

fail() {
    local log
    echo "demo: $1" >&2
    for log in "$work"/*.log; do
        if [[ -s $log ]]; then
            echo "--- last lines of $(basename "$log")" >&2
            tail -n 15 "$log" >&2
        fi
    done
    exit 1
}

# start NAME COMMAND...: in the background, with its output in files; the newest is stopped first.
start() {
    "${@:2}" >"$work/$1.out" 2>"$work/$1.log" </dev/null &
    started=("$!" "${started[@]}")
}

# wait_for SECONDS WHAT COMMAND...: until the command succeeds.
wait_for() {
    local what=$2 end=$((SECONDS + $1))
    until "${@:3}"; do
        kill -0 "${started[0]}" 2>/dev/null || fail "$what: the program ended"
        [[ $SECONDS -lt $end ]] || fail "$what: nothing within $1 s"
        sleep 0.1
    done
}

# api METHOD PATH [BODY]
api() {
    curl -sS --fail-with-body --noproxy '*' --max-time 60 -X "$1" \
        -H @"$work/authorization" -H 'Content-Type: application/json' ${3:+--data "$3"} "$url$2"
}

# field NAME: a member of the JSON object on stdin.
field() { /usr/bin/python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }

echo "Building (the first time takes some minutes)"
for product in probe-backend probe-agent; do
    swift build --product "$product" >"$work/build.out" 2>&1 || {
        cat "$work/build.out" >&2
        echo "demo: the build failed" >&2
        exit 1
    }
done
programs=$(swift build --show-bin-path)

if [[ $(id -u) -ne 0 ]] && ! /usr/sbin/getcap "$programs/probe-agent" | grep -q cap_net_raw; then
    echo "Granting cap_net_raw to $programs/probe-agent (for ping)"
    sudo /usr/sbin/setcap cap_net_raw+p "$programs/probe-agent" ||
        echo "demo: not granted; ping will say permission_denied" >&2
fi

umask 077
admin_token=padm_$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
echo "Authorization: Bearer $admin_token" >"$work/authorization"
PROBEOPS_ADMIN_TOKEN=$admin_token start backend \
    "$programs/probe-backend" serve --listen 127.0.0.1:0 --database "$work/demo.db"
wait_for 30 "backend" grep -q '^listening on ' "$work/backend.out"
url=$(sed -n 's/^listening on //p' "$work/backend.out")
echo "Backend     $url"

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout "$work/tls.key" -out "$work/tls.pem" 2>/dev/null ||
    fail "openssl made no certificate"
start peers /usr/bin/python3 scripts/demo-peers.py "$work/tls.pem" "$work/tls.key"
wait_for 10 "the demo's servers" grep -q . "$work/peers.out"
echo "Servers     $(<"$work/peers.out")"

token=$(api POST /api/v1/registration-tokens '{"uses":1,"expires_in":300}' | field registration_token) ||
    fail "no registration token"
api POST /probe-nodes/register "{\"registration_token\":\"$token\",\"name\":\"demo\",\"version\":\"1.0.0\"}" \
    >"$work/node" || fail "the node was not registered"
uuid=$(field node_uuid <"$work/node")
field api_key <"$work/node" >"$work/key"

start agent "$programs/probe-agent" --backend "$url" --uuid "$uuid" --key-file "$work/key" --allow 127.0.0.0/8 --allow ::1/128
node_is_online() { api GET /api/v1/nodes 2>/dev/null | grep -qE '"status" ?: ?"online"'; }
wait_for 30 "node" node_is_online
echo "Node        $uuid (online)"
echo

jobs=$(/usr/bin/python3 scripts/demo-jobs.py "$uuid" "$url" "$(<"$work/peers.out")" "$work/tls.pem")
api POST '/api/v1/jobs?wait=30' "$jobs" >"$work/results" || fail "the jobs were not taken: $(<"$work/results")"
/usr/bin/python3 scripts/demo-table.py <"$work/results" || fail "not every job succeeded"
