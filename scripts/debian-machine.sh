#!/usr/bin/env bash
# debian-machine.sh FOLDER SCRIPT: start the Debian in FOLDER (debootstrap with systemd-sysv) as a machine of its own, run
# SCRIPT in it as root once it is up, and end it. A machine is systemd as process 1 of new namespaces (PID, mount, network
# with loopback alone, cgroup); nothing of the host can be changed from there. Needs root.
set -euo pipefail

root=$(realpath "$1")
script=$2
group=/sys/fs/cgroup
if [[ -d $group/unified ]]; then group=$group/unified; fi
group=$group/probeops-machine-$$
work=$(mktemp -d)
mkdir "$group"

end() {
    # The first process of a PID namespace takes all others with it.
    if [[ -s $work/pid ]]; then kill -KILL "$(<"$work/pid")" 2>/dev/null || true; fi
    wait 2>/dev/null || true
    for _ in $(seq 50); do
        find "$group" -depth -type d -exec rmdir {} + 2>/dev/null && break
        sleep 0.1
    done
    rm -rf "$work"
}
trap end EXIT
trap 'exit 130' INT TERM

start() {
    # Before the cgroup namespace is made: its root is where this process is then.
    echo "$BASHPID" >"$group/cgroup.procs"
    # shellcheck disable=SC2016 # It is the inner shell that expands.
    exec unshare --mount --pid --fork --uts --ipc --net --cgroup --kill-child bash -euc '
        root=$0
        mount --make-rprivate /
        mount --bind "$root" "$root"
        mount -t proc proc "$root/proc"
        mount --bind "$root/proc/sys" "$root/proc/sys"
        mount -o remount,bind,ro "$root/proc/sys"
        mount -t sysfs -o ro sysfs "$root/sys"
        mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
        mount -t tmpfs -o mode=755 tmpfs "$root/run"
        mount -t tmpfs -o mode=755 tmpfs "$root/dev"
        for device in null zero full random urandom tty; do
            touch "$root/dev/$device"
            mount --bind "/dev/$device" "$root/dev/$device"
        done
        mkdir "$root/dev/pts" "$root/dev/shm"
        mount -t devpts devpts "$root/dev/pts"
        ln -s pts/ptmx "$root/dev/ptmx"
        mount -t tmpfs tmpfs "$root/dev/shm"
        ip link set lo up
        # Not chroot(2): services with namespaces of their own need a root that is one.
        cd "$root"
        pivot_root . .
        umount -l .
        # Credentials are mounted by a child of systemd: they must come through to it.
        mount --make-rshared /
        exec env -i container=other /lib/systemd/systemd --system --unit=multi-user.target
    ' "$root"
}
start </dev/null >"$work/log" 2>&1 &

for _ in $(seq 100); do
    pgrep -P "$!" >"$work/pid" && break
    sleep 0.1
done
inside() { nsenter --target "$(<"$work/pid")" --all --root env -i -C / HOME=/root LANG=C.UTF-8 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"; }
state=unknown
for _ in $(seq 300); do
    state=$(inside systemctl is-system-running 2>/dev/null || true)
    [[ $state != running && $state != degraded ]] || break
    sleep 0.2
done
if [[ $state != running && $state != degraded ]]; then
    echo "debian-machine: systemd did not come up ($state)" >&2
    cat "$work/log" >&2
    exit 1
fi
cp "$script" "$root/root/script"
inside bash /root/script
