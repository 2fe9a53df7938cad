"""The same probes by what people would use instead, in turns with the node."""
import json
import os

from harness import figures, places, workloads
from harness.control import Driven, probe_agent, subprocess_node
from harness.processes import Footprint, Invalid, Program, run
from harness.targets import Targets, free_port, wait_for_port

BLACKBOX_BARS = {"ping": 6, "dns": 8, "tcp": 6, "http": 4}


class Blackbox:
    """prometheus-blackbox-exporter, asked over HTTP by wrk."""

    def __init__(self, folder, targets):
        self.port = free_port()
        self.targets = {
            "ping": "127.1.{host}", "dns": f"{targets.address}:{targets.dns_port}",
            "tcp": f"{targets.address}:{targets.tcp_port}", "http": f"http://{targets.address}:{targets.http_port}/",
        }
        self.program = Program(
            ["prometheus-blackbox-exporter", f"--config.file={places.peer('blackbox.yml')}",
             f"--web.listen-address=127.0.0.1:{self.port}", "--log.level=error"], os.path.join(folder, "blackbox.log"))
        wait_for_port(self.port, self.program)

    def load(self, tool, seconds, connections=64):
        before = Footprint.of(self.program.pid)
        text = run(
            ["wrk", "-t", "1", "-c", str(connections), "-d", f"{max(1, int(seconds))}s", "-s", places.peer("probe.lua"),
             f"http://127.0.0.1:{self.port}", "--", tool, self.targets[tool]], seconds + 30)
        after = Footprint.of(self.program.pid)
        tally = json.loads(next(line for line in text.splitlines() if line.startswith("TALLY"))[6:])
        if tally["wrong"] or not tally["jobs"]:
            raise Invalid(f"blackbox_exporter, {tool}: {text[-800:]}")
        return {
            **tally, "jobsPerSecond": tally["jobs"] / tally["seconds"],
            "cpuMicrosecondsPerJob": (after.cpu - before.cpu) * 1e6 / tally["jobs"], "residentMB": after.resident_mb,
        }

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.program.stop()


def run_suite(settings, report):
    folder = settings.place("peers")
    with Targets(settings.place("peers-targets")) as targets:
        kinds = workloads.kinds(targets)
        with Driven(folder, "node", probe_agent()) as node:
            with Blackbox(folder, targets) as blackbox:
                against_blackbox(settings, report, node, blackbox, kinds)
            with Driven(folder, "subprocess", subprocess_node(), with_children=True) as peer:
                against_subprocesses(settings, report, node, peer, kinds)


def against_blackbox(settings, report, node, blackbox, kinds):
    seconds = settings.seconds(4.0)
    found = {}
    for tool in workloads.TOOLS:
        ours, theirs = [], []
        for _ in range(settings.rounds):
            ours.append(node.load([kinds[tool]], 256, seconds=seconds, warmUp=0.3))
            theirs.append(blackbox.load(tool, seconds))
        found[tool] = {"node": ours, "blackbox": theirs}
        rates = figures.ratio(*(_rates(side) for side in (ours, theirs)))
        _rows(report, tool, "blackbox_exporter", ours, theirs, rates)
        report.bar(f"node / blackbox_exporter, {tool}", rates["median"], ">=", BLACKBOX_BARS[tool], "x")
    report.raw["blackbox"] = found
    _plot(report, "Node and blackbox_exporter", "blackbox_exporter", found, "blackbox")


def against_subprocesses(settings, report, node, peer, kinds):
    seconds = max(2.0, settings.seconds(4.0))
    found = {}
    for tool in workloads.TOOLS:
        ours, theirs = [], []
        for _ in range(settings.rounds):
            ours.append(node.load([kinds[tool]], 256, seconds=seconds, warmUp=0.3))
            theirs.append(peer.load([kinds[tool]], 128, seconds=seconds, warmUp=0.5))
        found[tool] = {"node": ours, "subprocess": theirs}
        rates = figures.ratio(*(_rates(side) for side in (ours, theirs)))
        costs = figures.ratio(*([tally["cpuMicrosecondsPerJob"] for tally in side] for side in (theirs, ours)))
        _rows(report, tool, "subprocess node", ours, theirs, rates)
        report.row(f"{tool}: CPU of a subprocess node's job", figures.with_spread(costs, " x the node's"))
        report.bar(f"node / subprocess node, {tool}", rates["median"], ">=", 50, "x")
        report.bar(f"CPU, subprocess node / node, {tool}", costs["median"], ">=", 30, "x")
    report.raw["subprocess"] = found
    _plot(report, "Node and a process for each job", "subprocess node", found, "subprocess")


def _rates(tallies):
    return [tally["jobsPerSecond"] for tally in tallies]


def _rows(report, tool, name, ours, theirs, rates):
    for side, tallies in (("node", ours), (name, theirs)):
        cost = figures.spread([tally["cpuMicrosecondsPerJob"] for tally in tallies])
        report.row(
            f"{tool}: {side}" + (f" (beside {name})" if side == "node" else ""), f"{figures.with_spread(figures.spread(_rates(tallies)))} jobs/s",
            f"{figures.short(cost['median'])} us CPU a job")
    report.row(f"{tool}: node / {name}", figures.with_spread(rates, "x"))


def _plot(report, title, name, found, key):
    report.plot(
        title, "jobs/s",
        {
            "node": [figures.spread(_rates(found[tool]["node"])) for tool in workloads.TOOLS],
            name: [figures.spread(_rates(found[tool][key])) for tool in workloads.TOOLS],
        }, workloads.TOOLS, True)
