"""The machine and the versions that numbers belong to."""
import os
import platform
import subprocess
import time

PACKAGES = [
    "prometheus-blackbox-exporter", "wrk", "fping", "dnsperf", "nginx-light", "nsd", "libcurl4", "libldns3", "liboping0",
    "libssl3", "python3-websockets",
]


def describe(commit):
    return {
        "date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "commit": commit,
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "kernel": platform.release(),
        "system": _system(),
        "python": platform.python_version(),
        "load_at_start": os.getloadavg()[0],
        "packages": _packages(),
    }


def busy():
    """The share of the machine that others use: what makes every number doubtful."""
    def read():
        values = [int(value) for value in open("/proc/stat").readline().split()[1:]]
        return sum(values), values[3] + values[4]

    total, idle = read()
    time.sleep(1)
    later_total, later_idle = read()
    return 1 - (later_idle - idle) / max(1, later_total - total)


def _cpu():
    for line in open("/proc/cpuinfo"):
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def _system():
    for line in open("/etc/os-release"):
        if line.startswith("PRETTY_NAME="):
            return line.split("=", 1)[1].strip().strip('"')
    return platform.system()


def _packages():
    done = subprocess.run(
        ["dpkg-query", "-W", "-f=${Package} ${Version}\n", *PACKAGES], capture_output=True, text=True)
    return dict(line.split(" ", 1) for line in done.stdout.splitlines() if " " in line)
