"""Ten thousand jobs in flight to addresses that never answer, then a thousand healthy ones among them."""
import time

from harness import figures, workloads
from harness.control import Driven, probe_agent
from harness.lab import SilentNetwork
from harness.processes import Sampler
from harness.targets import Targets

TIMEOUT = 20.0


def silent_kinds():
    """Silent until the job's own deadline ends each."""
    tcp = {"count": 1, "protocol": "tcp", "port": 81, "timeout_ms": 60000}
    kinds = [
        workloads.kind("ping", "ping", "10.66.{host}", {"count": 1, "timeout_ms": 60000}, [], TIMEOUT),
        workloads.kind("dns", "dns", "n{}.bench.test", {"resolver": "10.66.0.7", "retries": 10}, [], TIMEOUT),
        workloads.kind("tcp", "ping", "10.66.{host}", tcp, [], TIMEOUT),
        workloads.kind("http", "http", "http://10.66.{host}:81/", {}, [], TIMEOUT),
    ]
    # How each says it (deadline_exceeded, a cut report, resolve_timeout) differs; none may succeed.
    return [{**kind, "expect": ['"success":false']} for kind in kinds]


def run_suite(settings, report):
    count = 400 if settings.quick else 10_000
    healthy_count = 100 if settings.quick else 1000
    with SilentNetwork() as network:
        with Targets(settings.place("silent-targets"), prefix=network.prefix) as targets:
            node = Driven(
                settings.place("silent"), "node", probe_agent(max_concurrent=count + healthy_count),
                prefix=network.prefix)
            with node:
                warm = node.load(list(workloads.kinds(targets).values()), 16, jobs=400)
                sampler = Sampler(node.node.pid, 0.25)
                # Evenly: a burst would be late by the time that taking it in takes.
                silent = node.begin(silent_kinds(), count, jobs=count, rate=count / 4)
                time.sleep(5)
                among = node.footprint()
                healthy = node.load(list(workloads.kinds(targets).values()), 50, jobs=healthy_count, within=120)
                alone_at = node.finish(silent, TIMEOUT + 120)
                samples = [footprint for _, footprint in sampler.stop()]
                after = node.footprint()
    _report(report, count, warm, among, healthy, alone_at, samples, after)


def _report(report, count, warm, among, healthy, silent, samples, after):
    resident = max(footprint.resident_mb for footprint in samples)
    threads = max(footprint.threads for footprint in samples)
    descriptors = max(footprint.descriptors for footprint in samples)
    late = {kind["name"]: kind["turnaround"]["p99"] - TIMEOUT * 1000 for kind in silent["kinds"]}
    turnaround = {kind["name"]: kind["turnaround"]["p99"] for kind in healthy["kinds"]}
    report.row(f"{count} silent jobs in flight", f"{figures.short(resident)} MB resident at most",
               f"{threads} threads, {descriptors} descriptors at most; {after.descriptors} descriptors after")
    for name in late:
        report.row(f"{name}: past the deadline, p99", f"{late[name]:.1f} ms",
                   "before the deadline: the tool gave up earlier by itself" if late[name] < -100 else "")
    for name, value in turnaround.items():
        report.row(f"{name}: healthy among them", f"p99 {value:.1f} ms")
    report.bar("RSS with 10,000 silent jobs", resident, "<=", 200, " MB")
    report.bar("lateness p99", max(late.values()), "<=", 50, " ms")
    report.bar("healthy turnaround p99", max(turnaround.values()), "<=", 250, " ms")
    report.raw["silent"] = {
        "warm": warm, "among": vars(among), "healthy": healthy, "silent": silent, "after": vars(after)}
