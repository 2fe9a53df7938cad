#!/usr/bin/env bash
# image-test.sh: build both images (or take those that PROBE_IMAGE and PROBE_BACKEND_IMAGE name), run docker-compose.yml
# as a project of its own and check what docs/docker.md promises. Needs a container engine with bridge networks; where
# none answers it says so and ends with 0. Not part of `make test`: the build takes ten minutes and more.
# shellcheck disable=SC2317,SC2329 # Functions are called by check and trap.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! docker info >/dev/null 2>&1; then
    echo "image-test: no container engine answers here; nothing was checked"
    exit 0
fi
compose=(docker compose)
"${compose[@]}" version >/dev/null 2>&1 || compose=(docker-compose)
project=probeops-image-test-$$
export PROBE_BACKEND_PORT=127.0.0.1:0 PROBE_NAME=image-test
failures=0
# Seconds that a state may take to come.
patience=${IMAGE_TEST_PATIENCE:-120}

stack() { "${compose[@]}" -p "$project" -f docker-compose.yml "$@"; }
container() { stack ps -q "$1" | tail -n 1; }
clean() {
    if [[ $failures -gt 0 ]]; then stack logs --tail 15 node backend 2>&1 || true; fi
    stack down --volumes >/dev/null 2>&1 || true
}
work=$(mktemp -d)
trap 'clean; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

# check WHAT COMMAND...
check() {
    if "${@:2}" >"$work/out" 2>&1; then
        echo "ok    $1"
    else
        echo "FAIL  $1"
        sed 's/^/      /' "$work/out"
        failures=$((failures + 1))
    fi
}

# within SECONDS COMMAND...: until it succeeds.
within() {
    local end=$((SECONDS + $1))
    until "${@:2}"; do
        [[ $SECONDS -lt $end ]] || return 1
        sleep 1
    done
}
health_is() { [[ $(docker inspect -f '{{.State.Health.Status}}' "$1") == "$2" ]]; }

# ---- The image by itself

if [[ -z ${PROBE_IMAGE:-} || -z ${PROBE_BACKEND_IMAGE:-} ]]; then make -s image; fi
export PROBE_IMAGE=${PROBE_IMAGE:-probeops/probe-agent:latest}
export PROBE_BACKEND_IMAGE=${PROBE_BACKEND_IMAGE:-probeops/probe-backend:latest}
confined=(--rm --cap-drop ALL --read-only)
node_with() { docker run "${confined[@]}" --network none "$@"; }

layers() { # layers IMAGE: bytes above the first layer, the base's
    docker history --no-trunc --human=false --format '{{.Size}}' "$1" | sed '$d' | awk '{ all += $1 } END { print all }'
}
for image in "$PROBE_IMAGE=90" "$PROBE_BACKEND_IMAGE=95"; do
    limit=${image##*=} image=${image%=*}
    bytes=$(layers "$image")
    echo "      $image: $(docker image inspect -f '{{.Size}}' "$image" | awk '{ printf "%.1f", $1 / 1e6 }') MB," \
        "of which $(awk '{ printf "%.1f", $1 / 1e6 }' <<<"$bytes") MB above its base"
    check "the layers above the base are below $limit MB" test "$bytes" -lt "${limit}000000"
done
user_is() { [[ $(docker image inspect -f '{{.Config.User}}' "$1") == 65532:65532 ]]; }
check "the node's user is 65532" user_is "$PROBE_IMAGE"
check "the backend's user is 65532" user_is "$PROBE_BACKEND_IMAGE"
no_setuid() { [[ -z $(node_with --entrypoint find "$1" / -xdev -perm /6000 -type f) ]]; }
check "no setuid program is in it" no_setuid "$PROBE_IMAGE"
check "without any capability it starts" node_with "$PROBE_IMAGE" --version
check "with NET_RAW alone it pings" node_with --cap-add NET_RAW "$PROBE_IMAGE" ping 127.0.0.1 --count 2
# Root needs no file capability, so no-new-privileges takes nothing from it.
check "as root with no-new-privileges it pings" \
    node_with --cap-add NET_RAW --user 0 --security-opt no-new-privileges:true "$PROBE_IMAGE" ping 127.0.0.1 --count 2
check "as its user with no-new-privileges it pings by datagram sockets" \
    node_with --security-opt no-new-privileges:true --sysctl 'net.ipv4.ping_group_range=0 2147483647' \
    "$PROBE_IMAGE" ping 127.0.0.1 --count 2

# ---- The whole of docker-compose.yml

stack up -d --no-build >"$work/up" 2>&1 || {
    cat "$work/up"
    failures=1
    exit 1
}
node=$(container node) backend=$(container backend)
check "the node is healthy" within "$patience" health_is "$node" healthy
check "the backend is healthy" within "$patience" health_is "$backend" healthy

# job TOOL TARGET [PARAMETERS]: asked at the backend, answered by the node.
# shellcheck disable=SC2016 # The container's shell reads the token.
job() {
    docker exec "$backend" sh -c 'PROBEOPS_API_KEY=$(cat /run/secrets/probeops/admin-token) exec probe-backend job send \
        "$1" "$2" --parameters "${3:-{\}}" --wait --url https://backend:8443 --ca /run/secrets/probeops/ca.pem' \
        job "$@"
}
check "a job pings the backend's container" job ping backend '{"count":2}'
check "a job resolves its name" job dns backend
check "a job fetches a page over TLS" job http https://backend:8443/healthz '{"verify_tls":false}'
check "a job traces the way" job traceroute backend
secrets_of() { docker inspect "$node" "$backend" | grep -E 'padm_|pnrt_|pnode_'; }
no_secrets() { ! secrets_of; }
check "docker inspect shows no secret" no_secrets

stack stop backend >/dev/null 2>&1
check "health turns when the backend is away" within "$patience" health_is "$node" unhealthy
check "the process is alive all the same" docker exec "$node" probe-agent status --live
stack start backend >/dev/null 2>&1
check "and turns back" within "$patience" health_is "$node" healthy

restarted() { [[ $(docker inspect -f '{{.RestartCount}} {{.State.Running}}' "$node") == "$1 true" ]]; }
pid=$(docker inspect -f '{{.State.Pid}}' "$node")
if kill -KILL "$pid" 2>/dev/null; then
    check "killed, it is started again" within "$patience" restarted 1
    check "and is the node that it was" within "$patience" health_is "$node" healthy
else
    echo "skip  killing the node from outside: not on the engine's machine, or not root"
fi
stack up -d --no-build >/dev/null 2>&1
same() { [[ $(container node) == "$node" ]]; }
check "a second up changes nothing" same

docker stop -t 20 "$node" >/dev/null
ended() { [[ $(docker inspect -f '{{.State.ExitCode}}' "$node") == 0 ]]; }
check "stopped, it ends by itself with 0" ended

[[ $failures -eq 0 ]] && echo "image-test: all is as promised" || echo "image-test: $failures checks failed"
exit $((failures > 0))
