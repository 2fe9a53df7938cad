"""2,000 checks every ten seconds: does the schedule hold, and what does it cost? Ten minutes."""
import json
import os
import statistics
import time

from harness import places
from harness.processes import Footprint, Invalid, Program, Sampler
from harness.targets import Targets

CHECKS, EVERY, SECONDS = 2000, 10, 600


def run_suite(settings, report):
    seconds = 3 * EVERY if settings.quick else SECONDS
    folder = settings.place("watch")
    with Targets(settings.place("watch-targets")) as targets:
        _write(folder, targets)
        node = Program(
            [places.product("probe-agent"), "watch", "-c", os.path.join(folder, "targets.yaml"), "-o", "none"],
            os.path.join(folder, "log"))
        try:
            sampler = Sampler(node.pid, 1.0)
            # The CPU of the first interval is not counted: caches and the heap come to their size.
            time.sleep(EVERY)
            before = Footprint.of(node.pid)
            time.sleep(seconds)
            node.check()
            after = Footprint.of(node.pid)
        finally:
            node.stop(within=20)
        samples = sampler.stop()
    results = _results(os.path.join(folder, "results.ndjson"))
    _report(report, results, before, after, samples, seconds)


def _write(folder, targets):
    """Half of them echoes, a quarter handshakes, a quarter GETs; each with an address of its own."""
    def hosts(block, count):
        return ", ".join(f'"127.{block}.{number // 250}.{number % 250 + 1}"' for number in range(count))

    urls = ", ".join(f'"http://{targets.address}:{targets.http_port}/?{number}"' for number in range(CHECKS // 4))
    with open(os.path.join(folder, "targets.yaml"), "w") as file:
        file.write(
            f"defaults: {{every: {EVERY}s, fail_after: 2}}\n"
            "checks:\n"
            f"  - {{tool: ping, parameters: {{count: 1}}, targets: [{hosts(21, CHECKS // 2)}]}}\n"
            f"  - {{tool: tcp, parameters: {{port: 9}}, targets: [{hosts(22, CHECKS // 4)}]}}\n"
            f"  - {{tool: http, targets: [{urls}]}}\n"
            "outputs: [{ndjson: {file: results.ndjson, rotate: 4096MiB}}]\n")


def _results(path):
    with open(path) as file:
        lines = [json.loads(line) for line in file]
    return [line for line in lines if line["type"] == "result"]


def _report(report, results, before, after, samples, seconds):
    delays = sorted(result["delay_ms"] for result in results)
    skipped = sum(result["skipped"] for result in results)
    unmeasured = sum(result["verdict"] == "unmeasured" for result in results)
    # Nobody listens on the port of the handshakes: a refusal is their right answer.
    wrong = [result for result in results
             if result["code"] not in ((None,) if result["tool"] != "tcp" else ("connection_refused",))]
    expected = CHECKS * (seconds + EVERY) / EVERY
    if wrong:
        raise Invalid(f"{len(wrong)} wrong results, the first {wrong[0]['check']}: {wrong[0]['code']}")
    if not 0.97 * expected <= len(results) <= 1.03 * expected:
        raise Invalid(f"{len(results)} results in {seconds + EVERY} s, about {expected:.0f} were due")

    def share(p):
        return delays[min(len(delays) - 1, int(p * len(delays)))]

    cpu = 100 * (after.cpu - before.cpu) / seconds
    resident = max(sample[1].resident_mb for sample in samples)
    report.row(f"{CHECKS:,} checks every {EVERY} s, for {seconds} s", f"{len(results):,} results", f"{skipped} left out, {unmeasured} unmeasured")
    report.row("start error", f"p50 {share(0.5):.2f} ms", f"p99 {share(0.99):.2f} ms, max {delays[-1]:.1f} ms")
    report.row("CPU of one core", f"{cpu:.1f} %", f"mean memory {statistics.mean(s[1].resident_mb for s in samples):.1f} MB")
    report.bar("watch: start error, p99", share(0.99), "<=", 20, "ms")
    report.bar("watch: CPU of one core", cpu, "<=", 25, "%")
    report.bar("watch: resident memory, most", resident, "<=", 120, "MB")
    report.raw["watch"] = {
        "results": len(results), "skipped": skipped, "delay_ms": {str(p): share(p) for p in (0.5, 0.9, 0.99, 0.999)},
        "cpu_percent": cpu, "samples": [(at, vars(footprint)) for at, footprint in samples]}
