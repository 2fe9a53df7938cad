"""How much the node's own load bends what it reports.

Ground truth: servers that answer 20 ms after a request came in, a link of 20 ms, and the loopback round trip of an idle
node. Beside the
jobs that are looked at, so many others are in flight, each of them waiting one second for its answer (dns and http in
turns): at 1,000 others that is 1,000 of them begun and ended a second.
"""
import time

from harness import figures, workloads
from harness.control import Driven, probe_agent
from harness.lab import DelayedLink
from harness.processes import Invalid
from harness.targets import DelayServers

TRUTH_MS = 20
OTHERS_MS = 1000
LEVELS = [1, 100, 1000, 5000]
# Added error p99 at 1,000 others, in milliseconds.
BARS = {"ping": 0.2, "ping-link": 0.2, "dns": 0.5, "http": 1.0}


def run_suite(settings, report):
    with DelayedLink(settings.place("fidelity-link"), TRUTH_MS) as link:
        with DelayServers(settings.place("fidelity-targets"), [TRUTH_MS, OTHERS_MS], link.prefix) as servers:
            node = Driven(
                settings.place("fidelity"), "node", probe_agent(max_concurrent=8192), prefix=link.prefix)
            with node:
                looked_at, others = _looked_at(servers), _others(servers)
                found = [_level(settings, node, level, looked_at, others) for level in LEVELS]
            targets = {"servers": servers.finish(), "link": link.finish()}
    for name, target in targets.items():
        if target["lateP99ms"] > BARS["ping"] / 2:
            report.notes.append(f"the {name} answered {target['lateP99ms']:.2f} ms late (p99): that is in the errors")
    idle = found[0]
    # What is true for ping is what the idle node saw; the servers' delay is known.
    truth = {"ping": idle["ping"]["p50"], "ping-link": TRUTH_MS, "dns": TRUTH_MS, "http": TRUTH_MS}
    for kind in BARS:
        for level, figure in zip(LEVELS, found):
            report.row(
                f"{kind}: error at {level} others",
                f"p50 {(figure[kind]['p50'] - truth[kind]):+.3f} ms, p99 {(figure[kind]['p99'] - truth[kind]):+.3f} ms",
                f"{figure[kind]['count']} measurements, node {figure['cores']:.2f} cores")
        added = found[LEVELS.index(1000)][kind]["p99"] - idle[kind]["p50"]
        report.bar(f"added error p99 at 1,000, {kind}", max(0.0, added), "<=", BARS[kind], " ms")
    report.raw["fidelity"] = {"levels": dict(zip(map(str, LEVELS), found)), "truth": truth, "targets": targets}
    report.plot(
        "Error of what is reported, p99", "ms",
        {kind: [max(1e-3, figure[kind]["p99"] - truth[kind]) for figure in found] for kind in BARS},
        [f"{level} others" for level in LEVELS], True)


def _looked_at(servers):
    dns, http = servers.ports["dns", TRUTH_MS], servers.ports["http", TRUTH_MS]
    return [
        workloads.kind("ping", "ping", "127.2.{host}", {"count": 1}, ['"packets_received":1,'], field="avg_ms"),
        workloads.kind(
            "ping-link", "ping", "10.67.{host}", {"count": 1}, ['"packets_received":1,'], field="avg_ms"),
        workloads.kind(
            "dns", "dns", "n{}.bench.test", {"resolver": f"127.0.0.1:{dns}"}, ['"rcode":"NOERROR"'], field="query_ms"),
        # From the request's last byte to the answer's first: what the server's delay is about.
        workloads.kind(
            "http", "http", f"http://127.0.0.1:{http}/", {}, ['"status_code":200'], field="wait_ms"),
    ]


def _others(servers):
    dns, http = servers.ports["dns", OTHERS_MS], servers.ports["http", OTHERS_MS]
    return [
        workloads.kind(
            "other-dns", "dns", "o{}.bench.test", {"resolver": f"127.0.0.1:{dns}", "retries": 0},
            ['"rcode":"NOERROR"']),
        workloads.kind("other-http", "http", f"http://127.0.0.1:{http}/", {}, ['"status_code":200']),
    ]


def _level(settings, node, level, looked_at, others):
    seconds = settings.seconds(10.0)
    background = None
    before, begin = node.footprint(), time.monotonic()
    if level > 1:
        # Begun over a second, so that they do not come in one wave.
        background = node.begin(others, level, seconds=seconds + 4, rate=level * 1.05)
        time.sleep(2)
    # Four kinds in turns, a few a second: they are looked at, not a load of their own.
    tally = node.finish(node.begin(looked_at, 30, seconds=seconds, rate=120), seconds + 60)
    after, elapsed = node.footprint(), time.monotonic() - begin
    figure = {kind["name"]: kind["field"] for kind in tally["kinds"]}
    if any(figure[kind["name"]] is None for kind in looked_at):
        raise Invalid("an answer had no measured time in it")
    figure["cores"] = (after.cpu - before.cpu) / elapsed
    if background is not None:
        figure["others"] = node.finish(background, seconds + 60)["jobsPerSecond"]
    return figure
