#!/usr/bin/env bash
# A network of our own: two namespaces joined by a veth pair. Nothing of the machine's own network
# is touched; root (or CAP_NET_ADMIN and CAP_SYS_ADMIN) is needed.
#
#   lab.sh check              nothing and exit 0 when a lab can be made, else the reason
#   lab.sh up NAME [COUNT]    COUNT (1000) hosts of each family, of which every third never answers
#   lab.sh down NAME          removes it and ends what runs in it; nothing to do is fine
#   lab.sh exec NAME near|far COMMAND...
#   lab.sh counters NAME      "name packets" lines: echo4 echo6 (requests that came), silent4 silent6
#                             (of them dropped)
#
# near: 10.78.0.1, fd78::1, where the node runs.
# far:  10.78.0.2, fd78::2, and all of 10.77.0.0/16 and fd77::/64 (AnyIP: local routes on lo).
# Host i, from 1 on, is 10.77.(i / 250).(i % 250 + 1) and fd77::(i in hexadecimal); hosts whose i is
# a multiple of 3 are silent. Drops are in far's *input* hook: in an output hook sendto would fail.
set -euo pipefail

near() { printf '%s-near' "$1"; }
far() { printf '%s-far' "$1"; }
inside() { nsenter --net="/run/netns/$1" -- "${@:2}"; }

check() {
    local tool
    for tool in ip nft nsenter unshare; do
        command -v "$tool" >/dev/null || {
            echo "the command $tool is not installed"
            return 1
        }
    done
    unshare --net true 2>/dev/null || {
        echo "network namespaces are not permitted here"
        return 1
    }
    unshare --net nft add table inet probe 2>/dev/null || {
        echo "nftables does not work here"
        return 1
    }
    unshare --net ip link add near0 type veth peer name far0 2>/dev/null || {
        echo "veth devices cannot be made here"
        return 1
    }
}

# Labs of test runs that were killed: their names hold the process id.
clean_leftovers() {
    local path pid
    for path in /run/netns/probe-*-near; do
        [[ $path =~ /probe-([0-9]+)-[0-9]+-near$ ]] || continue
        pid=${BASH_REMATCH[1]}
        [[ -d /proc/$pid ]] || down "$(basename "${path%-near}")"
    done
}

down() {
    local namespace pid
    for namespace in "$(near "$1")" "$(far "$1")"; do
        [[ -e /run/netns/$namespace ]] || continue
        for pid in $(ip netns pids "$namespace" 2>/dev/null); do kill -KILL "$pid" 2>/dev/null || true; done
        ip netns del "$namespace"
    done
}

up() {
    local name=$1 count=${2:-1000} near far
    near=$(near "$name")
    far=$(far "$name")
    clean_leftovers
    down "$name"
    trap 'down "$name"' ERR
    ip netns add "$near"
    ip netns add "$far"
    ip link add near0 netns "$near" address 02:00:00:00:00:01 type veth \
        peer name far0 netns "$far" address 02:00:00:00:00:02
    configure "$near" near0 1 2
    configure "$far" far0 2 1
    inside "$near" ip route add 10.77.0.0/16 via 10.78.0.2
    inside "$near" ip -6 route add fd77::/64 via fd78::2
    inside "$far" ip route add local 10.77.0.0/16 dev lo
    inside "$far" ip -6 route add local fd77::/64 dev lo
    rules "$count" | inside "$far" nft -f -
    # A device takes packets a moment after it is up; until then the kernel drops them.
    while { ip -n "$near" -o link show up && ip -n "$far" -o link show up; } | grep -Eq 'NO-CARRIER|qdisc noop '; do
        sleep 0.01
    done
}

# configure NAMESPACE DEVICE OWN-LAST-DIGIT PEER-LAST-DIGIT
configure() {
    # Without it a job at once after the set-up meets a tentative address.
    inside "$1" sysctl -q -w net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.all.accept_dad=0
    # Any local user may open datagram ICMP sockets, as on most distributions.
    inside "$1" sysctl -q -w net.ipv4.ping_group_range='0 2147483647'
    inside "$1" ip link set lo up
    inside "$1" ip addr add "10.78.0.$3/24" dev "$2"
    inside "$1" ip -6 addr add "fd78::$3/64" dev "$2" nodad
    inside "$1" ip link set "$2" up
    # Known neighbours, so that no first packet waits for (or is lost to) ARP and NDP.
    inside "$1" ip neigh replace "10.78.0.$4" lladdr "02:00:00:00:00:0$4" dev "$2" nud permanent
    inside "$1" ip -6 neigh replace "fd78::$4" lladdr "02:00:00:00:00:0$4" dev "$2" nud permanent
}

rules() {
    awk -v count="$1" 'BEGIN {
        for (i = 3; i <= count; i += 3) {
            four = four separator sprintf("10.77.%d.%d", int(i / 250), i % 250 + 1)
            six = six separator sprintf("fd77::%x", i)
            separator = ", "
        }
        print "table inet probe {"
        print "  counter echo4 {}"
        print "  counter echo6 {}"
        print "  counter silent4 {}"
        print "  counter silent6 {}"
        printf "  set silent4 { type ipv4_addr; %s }\n", four == "" ? "" : "elements = { " four " }"
        printf "  set silent6 { type ipv6_addr; %s }\n", six == "" ? "" : "elements = { " six " }"
        print "  chain input {"
        print "    type filter hook input priority 0;"
        print "    icmp type echo-request counter name echo4"
        print "    icmpv6 type echo-request counter name echo6"
        print "    ip daddr @silent4 icmp type echo-request counter name silent4 drop"
        print "    ip6 daddr @silent6 icmpv6 type echo-request counter name silent6 drop"
        print "    ip daddr @silent4 drop"
        print "    ip6 daddr @silent6 drop"
        print "  }"
        print "}"
    }'
}

counters() {
    inside "$(far "$1")" nft list counters table inet probe | awk '
        $1 == "counter" { name = $2 }
        $1 == "packets" { print name, $2 }'
}

case ${1:-} in
    check) check ;;
    up) up "${@:2}" ;;
    down) down "$2" ;;
    exec) inside "$2-$3" "${@:4}" ;;
    counters) counters "$2" ;;
    *)
        sed -n '2,16s/^# \{0,1\}//p' "$0" >&2
        exit 64
        ;;
esac
