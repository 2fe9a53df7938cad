"""The node through its WebSocket, and what that way costs; the node at rest."""
import time

from harness import figures, workloads
from harness.control import Driven, bare_node, probe_agent
from harness.targets import Targets

from . import engine

WINDOWS = [1, 16, 256, 2048]


def run_suite(settings, report):
    seconds = settings.seconds(3.0)
    with Targets(settings.place("node-targets")) as targets:
        kinds = workloads.kinds(targets)
        at_rest(settings, report)
        with Driven(settings.place("node"), "node", probe_agent()) as node:
            by_tool = {}
            for tool in workloads.TOOLS:
                by_tool[tool] = [
                    node.load([kinds[tool]], window, seconds=seconds, warmUp=0.3) for window in WINDOWS]
                for window, tally in zip(WINDOWS, by_tool[tool]):
                    turnaround = tally["kinds"][0]["turnaround"]
                    report.row(
                        f"{tool} at {window}", f"{figures.short(tally['jobsPerSecond'])} jobs/s",
                        f"{tally['cpuMicrosecondsPerJob']:.1f} us CPU, p50 {turnaround['p50']:.2f} ms, "
                        f"p99 {turnaround['p99']:.2f} ms, {tally['residentMB']:.0f} MB, {tally['threads']} threads, "
                        f"{tally['descriptors']} descriptors after")
            report.raw["node"] = by_tool
            cost = max(tallies[2]["generatorMicrosecondsPerJob"] for tallies in by_tool.values())
            report.row("the generator's own CPU, at 256", f"{cost:.1f} us a job at most", "beside the node, on its machine")
            report.plot(
                "Node: jobs a second by jobs in flight", "jobs/s",
                {tool: [tally["jobsPerSecond"] for tally in tallies] for tool, tallies in by_tool.items()}, WINDOWS, True)
            against_engine(settings, report, kinds["dns"], node)
            against_bare(settings, report, kinds, node)


def against_engine(settings, report, kind, node):
    seconds = settings.seconds(3.0)
    through, without = [], []
    for _ in range(settings.rounds):
        through.append(node.load([kind], 256, seconds=seconds, warmUp=0.3)["jobsPerSecond"])
        without.append(engine.engine(kind, 256, seconds)["jobsPerSecond"])
    share = figures.ratio(through, without)
    report.row("dns at 256: node / engine", figures.with_spread(share))
    report.bar("node / engine, dns at 256", share["median"], ">=", 0.60)
    report.raw["against_engine"] = {"node": through, "engine": without}


def against_bare(settings, report, kinds, node):
    """How near the node is to what one thread of C can do here, with generator and targets on the same cores."""
    seconds = settings.seconds(3.0)
    found = {}
    with Driven(settings.place("bare"), "bare", bare_node()) as bare:
        for tool in ("dns", "tcp", "http"):
            ours, theirs = [], []
            for _ in range(settings.rounds):
                ours.append(node.load([kinds[tool]], 256, seconds=seconds, warmUp=0.3))
                theirs.append(bare.load([kinds[tool]], 256, seconds=seconds, warmUp=0.3))
            found[tool] = {"node": ours, "bare": theirs}
            share = figures.ratio(*([tally["jobsPerSecond"] for tally in side] for side in (ours, theirs)))
            cost = figures.ratio(*([tally["cpuMicrosecondsPerJob"] for tally in side] for side in (ours, theirs)))
            limit = figures.spread([tally["jobsPerSecond"] for tally in theirs])
            report.row(
                f"{tool} at 256: node / bare C node", figures.with_spread(share),
                f"{figures.with_spread(limit)} jobs/s in bare C; CPU a job {figures.with_spread(cost, 'x')}")
    report.raw["against_bare"] = found


def at_rest(settings, report):
    starts, footprints = [], []
    for _ in range(2 if settings.quick else 5):
        with Driven(settings.place("rest"), "rest", probe_agent(max_concurrent=256)) as node:
            time.sleep(settings.seconds(2.0))
            starts.append(node.start_ms)
            footprints.append(node.footprint())
    start = figures.spread(starts)
    resident = figures.spread([footprint.resident_mb for footprint in footprints])
    anonymous = figures.spread([footprint.anonymous_mb for footprint in footprints])
    report.row("start to authenticated", figures.with_spread(start, " ms"))
    report.row(
        "at rest", f"{figures.short(resident['median'])} MB resident",
        f"{figures.short(anonymous['median'])} MB anonymous, {footprints[0].threads} threads, "
        f"{footprints[0].descriptors} descriptors")
    report.bar("RssAnon at rest", anonymous["median"], "<=", 12, " MB")
    report.bar("VmRSS at rest", resident["median"], "<=", 50, " MB")
    report.bar("start to authenticated", start["median"], "<=", 150, " ms")
    report.raw["at_rest"] = {"start_ms": starts, "footprints": [vars(footprint) for footprint in footprints]}
