#!/usr/bin/env bash
# A path of seven hops in network namespaces of our own, IPv4 and IPv6. Nothing of the machine's own
# network is touched; root (or CAP_NET_ADMIN and CAP_SYS_ADMIN) and /dev/net/tun are needed.
#
#   path-lab.sh check            nothing and exit 0 when a lab can be made, else the reason
#   path-lab.sh build FILE       compiles the forwarder (path-forwarder.c) to FILE
#   path-lab.sh up NAME          makes the lab; it carries packets while its forwarder runs:
#   path-lab.sh forward NAME FILE   becomes the forwarder; commands on standard input, a log on
#                                standard output (the head of path-forwarder.c)
#   path-lab.sh settle NAME      returns when all devices take packets; the forwarder must run
#   path-lab.sh down NAME        removes it and ends what runs in it; nothing to do is fine
#   path-lab.sh exec NAME NODE COMMAND...
#   path-lab.sh counters NAME NODE   "name packets" lines
#   path-lab.sh refill NAME      fills the limited hop's allowance
#
#   near ─1─ first ─2─ left ──4─ join ─6─ forwarder ─7─ silent ─8─ limited ─9─ far
#                  └3─ right ─5──┘
#
# Link L is 10.79.L.0/24 and fd79:L::/64; its near end is 1 and its far end 2. Far's targets,
# 1 to 20, are 10.79.100.I and fd79:100::I (in decimal digits).
#   hop 1 first      10.79.1.2   splits flows over left and right (layer-4 hash; ICMP takes one of them)
#   hop 2 left|right 10.79.2.2, 10.79.3.2
#   hop 3 join       10.79.4.2   the next link carries 1400 bytes: says so to larger packets; its ICMPv6
#                                errors come from the link that the packet came by, fd79:4::2 or fd79:5::2
#   hop 4 forwarder  10.79.6.2   delays packets; its time-exceeded messages hold MPLS labels
#   hop 5 silent                 sends no ICMP errors (counter "silent")
#   hop 6 limited    10.79.8.2   sends 4 ICMP errors a second, 4 at once (counter "limited": not sent)
#   hop 7 far, the target
# Targets that are not what they should be (counter "turned" in limited's namespace counts them):
#   10 host, 11 network, 12 administratively, 13 port unreachable, said by limited; 14 dropped by far
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
nodes=(near first left right join silent limited far)

inside() { nsenter --net="/run/netns/$1" -- "${@:2}"; }
need() { command -v "$1" >/dev/null || { echo "the command $1 is not installed"; return 1; }; }

check() {
    local tool
    for tool in ip nft nsenter unshare gcc; do need "$tool" || return 1; done
    unshare --net true 2>/dev/null || { echo "network namespaces are not permitted here"; return 1; }
    unshare --net nft add table inet probe 2>/dev/null || { echo "nftables does not work here"; return 1; }
    unshare --net ip link add near0 type veth peer name far0 2>/dev/null || {
        echo "veth devices cannot be made here"
        return 1
    }
    unshare --net ip tuntap add dev tun0 mode tun 2>/dev/null || { echo "TUN devices cannot be made here"; return 1; }
}

# Labs of test runs that were killed: their names hold the process id.
clean_leftovers() {
    local path
    for path in /run/netns/path-*-near; do
        [[ $path =~ /path-([0-9]+)-[0-9]+-near$ ]] || continue
        [[ -d /proc/${BASH_REMATCH[1]} ]] || down "$(basename "${path%-near}")"
    done
}

down() {
    local node namespace pid
    for node in "${nodes[@]}"; do
        namespace=$1-$node
        [[ -e /run/netns/$namespace ]] || continue
        for pid in $(ip netns pids "$namespace" 2>/dev/null); do kill -KILL "$pid" 2>/dev/null || true; done
        ip netns del "$namespace"
    done
}

up() {
    local name=$1 node
    clean_leftovers
    down "$name"
    trap 'down "$name"' ERR
    for node in "${nodes[@]}"; do
        ip netns add "$name-$node"
        inside "$name-$node" sysctl -q -e -w "${settings[@]}"
        inside "$name-$node" ip link set lo up
    done
    link "$name" 1 near first
    link "$name" 2 first left
    link "$name" 3 first right
    link "$name" 4 left join
    link "$name" 5 right join
    link "$name" 8 silent limited
    link "$name" 9 limited far
    tun "$name" 6 join 1
    tun "$name" 7 silent 2
    routes "$name"
    for node in "${nodes[@]}"; do rules "$node" | inside "$name-$node" nft -f -; done
}

# Limits on ICMP errors are lifted: the one limited hop has its own. Addresses are usable at once.
# The hash that spreads flows has the same seed in every run, where the kernel lets it be set.
settings=(
    net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
    net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0
    net.ipv4.icmp_ratelimit=0 net.ipv4.icmp_msgs_per_sec=100000 net.ipv4.icmp_msgs_burst=100000
    net.ipv6.icmp.ratelimit=0
    net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.all.accept_dad=0
    net.ipv6.conf.default.router_solicitations=0 net.ipv6.conf.default.accept_ra=0
    net.ipv4.fib_multipath_hash_policy=1 net.ipv6.fib_multipath_hash_policy=1
    net.ipv4.fib_multipath_hash_seed=7 net.ipv4.ping_group_range='0 2147483647'
)

# link NAME LINK NEAR-NODE FAR-NODE: neighbours are known, so that no first packet waits for them.
link() {
    local near=$1-$3 far=$1-$4 link=$2
    ip link add "link$link" netns "$near" address "02:00:00:00:0$link:01" type veth \
        peer name "link$link" netns "$far" address "02:00:00:00:0$link:02"
    link_end "$near" "$link" 1 2
    link_end "$far" "$link" 2 1
}

link_end() {
    ip -n "$1" -batch - <<END
addr add 10.79.$2.$3/24 dev link$2
addr add fd79:$2::$3/64 dev link$2 nodad
link set link$2 up
neigh replace 10.79.$2.$4 lladdr 02:00:00:00:0$2:0$4 dev link$2 nud permanent
neigh replace fd79:$2::$4 lladdr 02:00:00:00:0$2:0$4 dev link$2 nud permanent
END
}

# tun NAME LINK NODE OWN-LAST-DIGIT: one end of a link of the forwarder's.
tun() {
    ip -n "$1-$3" -batch - <<END
tuntap add dev link$2 mode tun
addr add 10.79.$2.$4/24 dev link$2
addr add fd79:$2::$4/64 dev link$2 nodad
link set link$2 mtu 1400 txqueuelen 10000 up
END
}

routes() {
    ip -n "$1-near" -batch - <<END
route add default via 10.79.1.2
route add fd79::/16 via fd79:1::2
END
    ip -n "$1-first" -batch - <<END
route add 10.79.0.0/16 nexthop via 10.79.2.2 nexthop via 10.79.3.2
route add fd79::/16 nexthop via fd79:2::2 nexthop via fd79:3::2
END
    middle "$1-left" 2 4
    middle "$1-right" 3 5
    ip -n "$1-join" -batch - <<END
route add 10.79.1.0/24 via 10.79.4.1
route add fd79:1::/64 via fd79:4::1
route add default dev link6
route add fd79::/16 dev link6
END
    ip -n "$1-silent" -batch - <<END
route add 10.79.1.0/24 dev link7
route add fd79:1::/64 dev link7
route add default via 10.79.8.2
route add fd79::/16 via fd79:8::2
END
    middle "$1-limited" 8 9
    ip -n "$1-far" -batch - <<END
route add default via 10.79.9.1
route add fd79::/16 via fd79:9::1
END
    # Addresses of its own: an ICMPv6 error from an address that is only routed here (AnyIP) would
    # come from the link's.
    for target in {1..20}; do
        printf 'addr add 10.79.100.%d/32 dev lo\naddr add fd79:100::%d/128 dev lo nodad\n' "$target" "$target"
    done | ip -n "$1-far" -batch -
}

# middle NAMESPACE NEAR-LINK FAR-LINK
middle() {
    ip -n "$1" -batch - <<END
route add 10.79.1.0/24 via 10.79.$2.1
route add fd79:1::/64 via fd79:$2::1
route add 10.79.0.0/16 via 10.79.$3.2
route add fd79::/16 via fd79:$3::2
END
}

rules() {
    cat <<END
table inet probe {
    chain input { type filter hook input priority 0; }
    chain forward { type filter hook forward priority 0; }
    chain output { type filter hook output priority 0; }
}
END
    case $1 in
        silent)
            cat <<END
add counter inet probe silent
add rule inet probe output icmp type { time-exceeded, destination-unreachable } counter name silent drop
add rule inet probe output icmpv6 type { time-exceeded, destination-unreachable } counter name silent drop
add rule inet probe output icmpv6 type packet-too-big counter name silent drop
END
            ;;
        limited)
            echo "add counter inet probe limited"
            echo "add counter inet probe turned"
            limits
            turned 10 host-unreachable addr-unreachable
            turned 11 net-unreachable no-route
            turned 12 admin-prohibited admin-prohibited
            turned 13 port-unreachable port-unreachable
            ;;
        far)
            cat <<END
add counter inet probe dropped
add rule inet probe input ip daddr 10.79.100.14 counter name dropped drop
add rule inet probe input ip6 daddr fd79:100::14 counter name dropped drop
END
            ;;
    esac
}

limits() {
    cat <<END
add rule inet probe output icmp type time-exceeded limit rate over 4/second burst 4 packets counter name limited drop
add rule inet probe output icmpv6 type time-exceeded limit rate over 4/second burst 4 packets counter name limited drop
END
}

# turned TARGET ICMP-CODE ICMPV6-CODE
turned() {
    cat <<END
add rule inet probe forward ip daddr 10.79.100.$1 counter name turned reject with icmp type $2
add rule inet probe forward ip6 daddr fd79:100::$1 counter name turned reject with icmpv6 type $3
END
}

refill() {
    { echo "flush chain inet probe output" && limits; } | inside "$1-limited" nft -f -
}

counters() {
    inside "$1-$2" nft list counters table inet probe | awk '
        $1 == "counter" { name = $2 }
        $1 == "packets" { print name, $2 }'
}

# A device takes packets a moment after it is up; until then the kernel drops them.
settle() {
    local node
    for node in "${nodes[@]}"; do
        while ip -n "$1-$node" -o link show up | grep -Eq 'NO-CARRIER|qdisc noop '; do sleep 0.01; done
    done
}

forward() {
    exec "$2" "/run/netns/$1-join" link6 10.79.6.2 fd79:6::2 "/run/netns/$1-silent" link7 10.79.7.1 fd79:7::1
}

case ${1:-} in
    check) check ;;
    build) gcc -O2 -Wall -Wextra -Werror -o "$2" "$here/path-forwarder.c" ;;
    up) up "$2" ;;
    forward) forward "$2" "$3" ;;
    down) down "$2" ;;
    exec) inside "$2-$3" "${@:4}" ;;
    counters) counters "$2" "$3" ;;
    refill) refill "$2" ;;
    settle) settle "$2" ;;
    *)
        sed -n '2,33s/^# \{0,1\}//p' "$0" >&2
        exit 64
        ;;
esac
