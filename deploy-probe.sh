#!/usr/bin/env bash
# deploy-probe.sh: a ProbeOps node on this machine, in a container, from nothing to authenticated. --help says how.
{ set +x; } 2>/dev/null # A trace would show the key.
set -euo pipefail

usage() {
    cat <<'HELP'
deploy-probe.sh: install, start and check a ProbeOps node in Docker. Run it again to change a setting or to upgrade.

  ./deploy-probe.sh --backend https://probes.example.com --token pnrt_...   a new node, by a registration token
  ./deploy-probe.sh --backend https://probes.example.com --uuid ID          a known node; asks for its key
  ./deploy-probe.sh                                                         asks for what is missing
  ./deploy-probe.sh --uninstall                                             stop and remove; results and identity stay

What the node is (one of the three):
  --token TOKEN        registration token (pnrt_...) or config token (a JWT, which needs no --backend)
  --uuid ID            the node's UUID; with its key from --key-file, PROBEOPS_API_KEY or a prompt
  nothing              what the last run wrote down

Settings; each also as a variable, a line of the env file, or a prompt where one is needed:
  --backend URL        PROBEOPS_BACKEND_URL          base URL of the backend: https://, or wss://
  --token TOKEN        PROBEOPS_REGISTRATION_TOKEN or PROBEOPS_TOKEN; "-" reads a line of standard input
  --uuid ID            PROBEOPS_NODE_UUID
  --key-file FILE      PROBEOPS_API_KEY              file with the API key
  --name NAME          PROBEOPS_NODE_NAME            name to register as
  --region R, --zone Z PROBEOPS_REGION, PROBEOPS_ZONE
  --ca-file FILE       PROBE_CA_FILE                 PEM file with the backend's authority, for a private one
  --allow-plaintext    PROBEOPS_ALLOW_PLAINTEXT      allow http:// beyond this machine: key and results travel readable
  --verbose            PROBEOPS_LOG_LEVEL=debug      log every connection and job

How it runs:
  --image IMAGE        PROBE_IMAGE                   pull this image; without it, one is built from this folder
  --network MODE       PROBE_NETWORK                 host (as the machine sees the network) or bridge; default host
  --env-file FILE      where the settings are kept, readable by you alone; default .env beside this script
  --timeout SECONDS    how long to wait until the node is authenticated; default 120
  --yes                install Docker without asking where it is missing
  --dry-run            check everything and say what would be done; change nothing
  --uninstall          stop the node and remove its container; --purge: its identity, results and settings too
  --help               this text

A flag beats the variable, the variable beats the env file; an empty flag (--name=) forgets a setting.
Exit codes: 0 authenticated; 1 it did not work, and why;
64 wrong usage; 78 a setting that cannot be used. The key and the token are never shown.
HELP
}

say() { printf '%s\n' "$*"; }
step() { printf '==> %s\n' "$*"; }
end() { # end CODE SENTENCE
    printf 'deploy-probe.sh: %s\n' "$2" >&2
    exit "$1"
}

# ---- Secrets leave the command line, which every user of the machine can read, before anything else.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
read_token() {
    local token
    IFS= read -r token || [[ -n $token ]] || end 64 "--token -: there is no line on standard input."
    printf '%s' "$token"
}
words=() moved=
while [[ $# -gt 0 ]]; do
    case $1 in
        --token)
            [[ $# -ge 2 ]] || end 64 "--token needs a value; --help shows how."
            moved=$2 && shift
            ;;
        --token=*) moved=${1#--token=} ;;
        *) words+=("$1") ;;
    esac
    shift
done
if [[ -n $moved ]]; then
    if [[ $moved == - ]]; then moved=$(read_token); fi
    DEPLOY_PROBE_TOKEN=$moved exec "$BASH" "${BASH_SOURCE[0]}" "${words[@]}"
fi
flag_token=${DEPLOY_PROBE_TOKEN:-}
unset DEPLOY_PROBE_TOKEN
set -- "${words[@]}"

# ---- Flags

names=(PROBEOPS_BACKEND_URL PROBEOPS_NODE_UUID PROBEOPS_API_KEY PROBEOPS_REGISTRATION_TOKEN PROBEOPS_TOKEN
    PROBEOPS_NODE_NAME PROBEOPS_REGION PROBEOPS_ZONE PROBEOPS_ALLOW_PLAINTEXT PROBEOPS_LOG_LEVEL
    PROBEOPS_CA_FILE PROBE_CA_FILE PROBE_IMAGE PROBE_NETWORK)
secrets=(PROBEOPS_API_KEY PROBEOPS_REGISTRATION_TOKEN PROBEOPS_TOKEN)
declare -A value=() flag=()
env_file=$here/.env timeout=120 key_file='' action=deploy
assume_yes=false dry_run=false purge=false

while [[ $# -gt 0 ]]; do
    word=$1 argument=${2-}
    if [[ $word == --*=* ]]; then
        argument=${word#*=} word=${word%%=*}
        set -- "$word" "$argument" "${@:2}"
    fi
    case $word in
        --backend | --uuid | --key-file | --name | --region | --zone | --ca-file | --image | --network | --env-file | --timeout)
            [[ $# -ge 2 ]] || end 64 "$word needs a value; --help shows how."
            shift
            ;;
    esac
    case $word in
        --backend) flag[PROBEOPS_BACKEND_URL]=$argument ;;
        --uuid) flag[PROBEOPS_NODE_UUID]=$argument ;;
        --key-file) key_file=$argument ;;
        --name) flag[PROBEOPS_NODE_NAME]=$argument ;;
        --region) flag[PROBEOPS_REGION]=$argument ;;
        --zone) flag[PROBEOPS_ZONE]=$argument ;;
        --ca-file) flag[PROBE_CA_FILE]=$argument ;;
        --allow-plaintext) flag[PROBEOPS_ALLOW_PLAINTEXT]=true ;;
        --verbose) flag[PROBEOPS_LOG_LEVEL]=debug ;;
        --image) flag[PROBE_IMAGE]=$argument ;;
        --network) flag[PROBE_NETWORK]=$argument ;;
        --env-file) env_file=$argument ;;
        --timeout) timeout=$argument ;;
        --yes) assume_yes=true ;;
        --dry-run) dry_run=true ;;
        --uninstall) action=uninstall ;;
        --purge) purge=true ;;
        --help | -h) usage && exit 0 ;;
        --key | --key=*) end 64 "A key on the command line can be read by every user of this machine: use --key-file." ;;
        *) end 64 "There is no option \"$word\"; --help shows those there are." ;;
    esac
    shift
done
[[ $timeout =~ ^[1-9][0-9]{0,4}$ ]] || end 64 "--timeout: \"$timeout\" is not a number of seconds from 1 to 99999."
[[ $action == uninstall || $purge == false ]] || end 64 "--purge belongs to --uninstall."
[[ $env_file == /* ]] || env_file=$PWD/$env_file

# ---- Docker and its Compose

has_docker() { command -v docker >/dev/null; }
docker_answers() { docker info >/dev/null 2>&1; }
compose=()
find_compose() {
    if docker compose version >/dev/null 2>&1; then
        compose=(docker compose)
    elif command -v docker-compose >/dev/null; then
        compose=(docker-compose)
    else
        return 1
    fi
}

# What the distribution calls what is missing, as one command. A Docker that is there may be from elsewhere, and the
# distribution's, which its Compose recommends, would take its place.
install_command() {
    local plugin=docker-compose name
    if command -v apt-get >/dev/null; then
        # Ubuntu and Docker's own repository have Compose v2 under other names.
        for name in docker-compose-v2 docker-compose-plugin; do
            if [[ -n $(apt-cache show "$name" 2>/dev/null) ]]; then plugin=$name; fi
        done
        echo "apt-get install -y $(has_docker && echo "--no-remove --no-install-recommends" || echo docker.io) $plugin"
    elif command -v dnf >/dev/null; then
        echo "dnf install -y $(has_docker || echo "moby-engine ")docker-compose"
    elif command -v apk >/dev/null; then
        echo "apk add $(has_docker || echo "docker ")docker-cli-compose"
    else
        return 1
    fi
}

install_docker() { # install_docker WHAT
    local command reply=''
    command=$(install_command) || end 1 "$1 is missing, and this script does not know how to install it here: see https://docs.docker.com/engine/install/."
    if $dry_run; then end 1 "$1 is missing; without --dry-run this script would offer: $command"; fi
    if ! $assume_yes; then
        [[ -t 0 ]] || end 1 "$1 is missing. Install it with \"$command\", or give --yes."
        read -r -p "$1 is missing. Install it with \"$command\"? [y/N] " reply
        [[ $reply == [yY]* ]] || end 1 "$1 is missing, and was not wanted."
    fi
    [[ $(id -u) -eq 0 ]] || end 1 "Only root can install packages: run \"sudo $command\", then this script again."
    step "Installing: $command"
    # shellcheck disable=SC2086 # Words, by intent.
    if [[ $command == apt-get* ]]; then apt-get update -q >&2 && DEBIAN_FRONTEND=noninteractive $command >&2; else $command >&2; fi ||
        end 1 "\"$command\" failed; its messages are above."
    if command -v systemctl >/dev/null; then systemctl enable --now docker >/dev/null 2>&1 || true; fi
}

need_docker() {
    has_docker || install_docker Docker
    find_compose || { install_docker "Docker Compose" && find_compose; } ||
        end 1 "Docker Compose still does not answer after its installation: try \"docker compose version\"."
    docker_answers || end 1 "Docker does not answer this user: start it (systemctl start docker), or run this script as root."
}

on_reboot() {
    command -v systemctl >/dev/null && [[ -d /run/systemd/system ]] || return 0
    systemctl is-enabled docker >/dev/null 2>&1 && return 0
    if [[ $(id -u) -eq 0 ]] && systemctl enable docker >/dev/null 2>&1; then
        step "Docker starts with the machine from now on"
    else
        say "    Docker does not start with the machine: \"sudo systemctl enable docker\" changes that."
    fi
}

run_compose() {
    local file=$env_file
    if [[ ! -f $file ]]; then
        # Compose wants a file even to take things away, and 1.29 takes no device for one.
        file=$(mktemp)
        # shellcheck disable=SC2064 # The name as it is now.
        trap "rm -f '$file'" EXIT
    fi
    PROBE_ENV_FILE=$file PROBE_IMAGE=${value[PROBE_IMAGE]:-} PROBE_NETWORK=${value[PROBE_NETWORK]:-} \
        PROBE_CA_FILE=${value[PROBE_CA_FILE]:-} PROBE_VERSION=${PROBE_VERSION:-} "${compose[@]}" -p probeops-node -f "$here/docker-compose.probe.yml" "$@"
}

# ---- Settings

# Only lines NAME=VALUE of ours count; the file is read, never run.
read_env_file() {
    [[ -e $env_file ]] || return 0
    [[ -f $env_file && -r $env_file ]] || end 78 "$env_file cannot be read."
    local line name
    while IFS= read -r line || [[ -n $line ]]; do
        for name in "${names[@]}"; do
            if [[ $line == "$name="?* ]]; then take "$name" "${line#*=}"; fi
        done
    done <"$env_file"
}

# take NAME VALUE: from a source stronger than those before. What the node is comes from one place: a token replaces UUID
# and key, these replace a token, and another UUID needs another key than the env file's.
take() {
    case $1 in
        PROBEOPS_REGISTRATION_TOKEN | PROBEOPS_TOKEN)
            unset "value[PROBEOPS_NODE_UUID]" "value[PROBEOPS_API_KEY]" \
                "value[PROBEOPS_REGISTRATION_TOKEN]" "value[PROBEOPS_TOKEN]"
            ;;
        PROBEOPS_NODE_UUID | PROBEOPS_API_KEY)
            unset "value[PROBEOPS_REGISTRATION_TOKEN]" "value[PROBEOPS_TOKEN]"
            if [[ $1 == PROBEOPS_NODE_UUID && $2 != "${value[$1]:-$2}" && -z ${PROBEOPS_API_KEY:-} ]]; then
                unset "value[PROBEOPS_API_KEY]"
            fi
            ;;
    esac
    value[$1]=$2
}

collect() {
    local name key
    read_env_file
    for name in "${names[@]}"; do
        if [[ -n ${!name:-} ]]; then take "$name" "${!name}"; fi
        export -n "${name?}"
    done
    if [[ -n $flag_token ]]; then
        [[ -z ${flag[PROBEOPS_NODE_UUID]:-}$key_file ]] ||
            end 64 "--token brings the identity: it excludes --uuid and --key-file."
        case $flag_token in
            pnrt_*) take PROBEOPS_REGISTRATION_TOKEN "$flag_token" ;;
            ?*.?*.?*) take PROBEOPS_TOKEN "$flag_token" ;;
            *) end 78 "--token is neither a registration token (pnrt_...) nor a config token (three parts with points in between)." ;;
        esac
    fi
    for name in "${names[@]}"; do
        if [[ -n ${flag[$name]+given} ]]; then take "$name" "${flag[$name]}"; fi
    done
    if [[ -n $key_file ]]; then
        [[ -f $key_file && -r $key_file ]] || end 78 "--key-file: $key_file cannot be read."
        key=$(tr -d '[:space:]' <"$key_file")
        [[ -n $key ]] || end 78 "--key-file: $key_file is empty."
        take PROBEOPS_API_KEY "$key"
    fi
    # The file as the machine has it is mounted at the place that the node is told.
    unset "value[PROBEOPS_CA_FILE]"
    if [[ -n ${value[PROBE_CA_FILE]:-} ]]; then
        [[ ${value[PROBE_CA_FILE]} == /* ]] || value[PROBE_CA_FILE]=$PWD/${value[PROBE_CA_FILE]}
        value[PROBEOPS_CA_FILE]=/etc/probeops/ca.pem
    fi
}

ask() { # ask NAME PROMPT [secret]
    [[ -z ${value[$1]:-} && -t 0 ]] || return 0
    local reply='' hidden=()
    [[ -z ${3:-} ]] || hidden=(-s)
    IFS= read -r "${hidden[@]}" -p "$2: " reply || true
    [[ -z ${3:-} ]] || echo
    if [[ -n $reply ]]; then value[$1]=$reply; fi
}

prompt() {
    [[ -z ${value[PROBEOPS_TOKEN]:-} ]] || return 0
    ask PROBEOPS_BACKEND_URL "Backend (https://...)"
    [[ -z ${value[PROBEOPS_REGISTRATION_TOKEN]:-} ]] || return 0
    if [[ -z ${value[PROBEOPS_NODE_UUID]:-} ]]; then
        ask PROBEOPS_REGISTRATION_TOKEN "Registration token (pnrt_...; empty for a node that has a UUID)" secret
        [[ -z ${value[PROBEOPS_REGISTRATION_TOKEN]:-} ]] || return 0
    fi
    ask PROBEOPS_NODE_UUID "UUID of the node"
    ask PROBEOPS_API_KEY "Its API key" secret
}

refuse() { end 78 "$1"; }
# matches NAME PATTERN SENTENCE: a value that is given must fit. Secrets are not repeated.
matches() {
    local given=${value[$1]:-}
    [[ -z $given || $given =~ $2 ]] || refuse "$1: $3"
}

validate() {
    local name url=${value[PROBEOPS_BACKEND_URL]:-} host
    for name in "${!value[@]}"; do
        # Compose and Docker each read env files in their own way; these characters mean something to one of them.
        [[ ! ${value[$name]} =~ [[:space:]\$\"\'\`\\#]|[^[:print:]] ]] ||
            refuse "$name must not hold spaces, quotes, \$, # or backslashes."
    done
    matches PROBEOPS_BACKEND_URL '^(https?|wss?)://[^/@?]+(/[^@?]*)?$' "must be a URL such as https://probes.example.com."
    matches PROBEOPS_NODE_UUID '^.{1,128}$' "must be an identifier of 1 to 128 characters."
    matches PROBEOPS_API_KEY '^.{1,4096}$' "must be an API key of 1 to 4096 characters."
    matches PROBEOPS_REGISTRATION_TOKEN '^pnrt_[0-9A-Za-z_-]{4,250}$' "must be a registration token: pnrt_ and letters or digits."
    matches PROBEOPS_TOKEN '^[0-9A-Za-z_-]+\.[0-9A-Za-z_-]+\.[0-9A-Za-z_-]+$' "must be a config token: three parts with points in between."
    matches PROBEOPS_NODE_NAME '^.{1,253}$' "must be a name of 1 to 253 characters."
    matches PROBEOPS_REGION '^.{1,255}$' "must have 1 to 255 characters."
    matches PROBEOPS_ZONE '^.{1,255}$' "must have 1 to 255 characters."
    matches PROBEOPS_ALLOW_PLAINTEXT '^(true|false)$' "must be true or false."
    matches PROBEOPS_LOG_LEVEL '^(trace|debug|info|notice|warning|error|critical)$' "must be one of trace, debug, info, notice, warning, error, critical."
    matches PROBE_IMAGE '^[0-9a-z][0-9A-Za-z._/:@-]*$' "must be the name of an image such as registry.example.com/probe-agent:1.2.3."
    matches PROBE_NETWORK '^(host|bridge)$' "must be host or bridge."
    if [[ -n ${value[PROBE_CA_FILE]:-} ]]; then
        [[ -f ${value[PROBE_CA_FILE]} && $(stat -L -c %a "${value[PROBE_CA_FILE]}") == *[4-7] ]] ||
            refuse "--ca-file: ${value[PROBE_CA_FILE]} must be a file that every user can read (chmod 644)."
    fi
    [[ -z ${value[PROBEOPS_TOKEN]:-} ]] || return 0
    [[ -n $url ]] || refuse "No backend is set: give --backend URL."
    if [[ $url =~ ^(http|ws):// && ${value[PROBEOPS_ALLOW_PLAINTEXT]:-} != true ]]; then
        host=${url#*://} host=${host%%/*}
        [[ $host =~ ^(localhost|127\.[0-9.]+|\[::1\])(:[0-9]+)?$ ]] ||
            refuse "PROBEOPS_BACKEND_URL: $url would send the key readable; use https://, or --allow-plaintext if that is meant."
    fi
    if [[ -n ${value[PROBEOPS_REGISTRATION_TOKEN]:-} ]]; then return 0; fi
    [[ -n ${value[PROBEOPS_NODE_UUID]:-} ]] || refuse "Nothing says which node this is: give --token TOKEN, or --uuid ID and --key-file FILE."
    [[ -n ${value[PROBEOPS_API_KEY]:-} ]] || refuse "The key of the node is missing: give --key-file FILE or set PROBEOPS_API_KEY."
}

# Lines of somebody else, which stay.
foreign_lines() {
    [[ -f $env_file ]] || return 0
    grep -v -E "^($(IFS='|' && echo "${names[*]}"))=|^# Written by deploy-probe.sh" "$env_file" || true
}

env_text() {
    local name
    say "# Written by deploy-probe.sh: settings of the ProbeOps node. Holds a secret."
    foreign_lines
    for name in "${names[@]}"; do
        if [[ -n ${value[$name]:-} ]]; then say "$name=${value[$name]}"; fi
    done
}

# A new file takes the old one's place whole, and nobody else could read it at any moment.
replace_env_file() { # replace_env_file TEXT
    local new
    new=$(umask 077 && mktemp "$env_file.XXXXXX") || end 1 "The folder of $env_file cannot be written to."
    if ! { say "$1" >"$new" && mv -f "$new" "$env_file"; }; then
        rm -f "$new"
        end 1 "$env_file cannot be written."
    fi
}

write_env_file() {
    local text
    text=$(env_text)
    if [[ -f $env_file && $text == "$(<"$env_file")" && $(stat -c %a "$env_file") == 600 ]]; then
        step "Settings are as they were ($env_file)"
        return
    fi
    replace_env_file "$text"
    step "Settings written to $env_file"
}

forget_settings() {
    local text
    text=$(foreign_lines)
    if [[ -n $text ]]; then replace_env_file "$text"; else rm -f "$env_file"; fi
}

# ---- Progress

# What a secret must never do is come out again, whoever printed it.
without_secrets() {
    local line name
    while IFS= read -r line || [[ -n $line ]]; do
        for name in "${secrets[@]}"; do
            if [[ -n ${value[$name]:-} ]]; then line=${line//"${value[$name]}"/[secret]}; fi
        done
        printf '%s\n' "$line"
    done
}

advice() { # advice LOG
    case $1 in
        *"registration token"*) say "The registration token was refused: it is used up, expired or mistyped. Get a new one, and run this again with --token." ;;
        *"refused the authentication"*) say "The backend does not know this UUID with this key: check both (--uuid, --key-file)." ;;
        *tls_unknown_authority*) say "The backend's certificate is by an authority that is not known here: give its file with --ca-file." ;;
        *tls_*) say "The backend's certificate or TLS was not accepted: check the URL's host name and this machine's clock." ;;
        *"exec format"*) say "The image is for another architecture: build it here by leaving --image out." ;;
        *) say "The node cannot reach its backend: check the URL, this machine's DNS and firewall; \"docker exec $2 probe-agent doctor\" tests each step." ;;
    esac
}

fail() { # fail SENTENCE CONTAINER
    local log name
    name=$(docker inspect -f '{{.Name}}' "$2" 2>/dev/null | tr -d /) || name=$2
    log=$(docker logs --tail 20 "$2" 2>&1 | without_secrets || true)
    {
        say "--- last lines of the node's log"
        say "$log"
        say "---"
        advice "$log" "$name"
        say "Its log: docker logs -f $name. To stop it: ./deploy-probe.sh --uninstall"
    } >&2
    end 1 "$1"
}

wait_until_ready() {
    local id start=$SECONDS state shown=0
    id=$(run_compose ps -q node | tail -n 1)
    [[ -n $id ]] || end 1 "Compose started no container; \"${compose[*]} -p probeops-node logs\" may say why."
    step "Waiting until the backend has taken the node (up to $timeout s)"
    until docker exec "$id" probe-agent status --ready >/dev/null 2>&1; do
        # Codes of sysexits.h: what the node was told cannot be used, and starting it again changes nothing.
        state=$(docker inspect -f '{{.State.Status}} {{.State.ExitCode}} {{.RestartCount}}' "$id" 2>/dev/null || echo "gone 0 0")
        case $state in
            gone*) end 1 "The container is gone: somebody removed it." ;;
            *" 65 "* | *" 76 "* | *" 77 "* | *" 78 "*) fail "What the node was given cannot be used." "$id" ;;
            "restarting "*" "[3-9]* | "restarting "*" "[1-9][0-9]* | "exited "* | "dead "*) fail "The node does not stay up (${state%% *}, exit code $(cut -d' ' -f2 <<<"$state"))." "$id" ;;
        esac
        [[ $((SECONDS - start)) -lt $timeout ]] || fail "The node is not authenticated after $timeout s." "$id"
        if [[ $((SECONDS - start)) -ge $((shown + 10)) ]]; then
            shown=$((SECONDS - start))
            say "    $shown s: ${state%% *}, not authenticated yet"
        fi
        sleep 1
    done
    id=$(docker inspect -f '{{.Name}}' "$id" | tr -d /)
    step "The node is authenticated and takes jobs ($((SECONDS - start)) s)"
    say "    status: docker exec $id probe-agent status"
    say "    log:    docker logs -f $id"
}

# ---- What was asked for

uninstall() {
    has_docker || end 1 "Docker is not installed: there is nothing to remove."
    need_docker
    if $dry_run; then
        say "Would stop and remove the node's container$($purge && echo ", its volume and its settings in $env_file")."
        return
    fi
    read_env_file
    if $purge; then
        run_compose down --volumes || end 1 "Compose could not remove the node."
        forget_settings
        step "The node is gone, with its identity, results and settings; its entry at the backend stays until it is deleted there"
    else
        run_compose down || end 1 "Compose could not remove the node."
        step "The node is stopped and removed; its identity and results are kept (--purge removes them)"
    fi
}

deploy() {
    local said
    [[ -f $here/docker-compose.probe.yml ]] || end 1 "docker-compose.probe.yml must lie beside this script."
    collect
    prompt
    validate
    need_docker
    if $dry_run; then
        say "Would write to $env_file:"
        env_text | without_secrets | sed 's/^/    /'
        say "Would $([[ -n ${value[PROBE_IMAGE]:-} ]] && echo "pull ${value[PROBE_IMAGE]}" || echo "build the image from $here"), start it and wait until the node is authenticated."
        return
    fi
    write_env_file
    if [[ -n ${value[PROBE_IMAGE]:-} ]]; then
        step "Pulling ${value[PROBE_IMAGE]}"
        # Not by Compose, which is told never to pull (docker-compose.probe.yml).
        if ! said=$(docker pull -q "${value[PROBE_IMAGE]}" 2>&1); then
            if ! docker image inspect "${value[PROBE_IMAGE]}" >/dev/null 2>&1; then
                say "$said" >&2
                end 1 "The image ${value[PROBE_IMAGE]} can be had neither from its registry nor on this machine."
            fi
            say "    not to be had from its registry; the one on this machine is used"
        fi
    else
        [[ -f $here/Dockerfile ]] || end 1 "There is no Dockerfile beside this script to build from: give --image IMAGE."
        PROBE_VERSION=$("$here/scripts/version.sh") || end 1 "scripts/version.sh gives no version."
        step "Building the image of version $PROBE_VERSION (the first time takes ten minutes or more)"
        run_compose build node || end 1 "The image could not be built; the messages are above."
    fi
    step "Starting the node"
    run_compose up -d --no-build || end 1 "The node could not be started; the messages are above."
    on_reboot
    wait_until_ready
}

$action
