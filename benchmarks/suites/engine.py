"""The engine without the WebSocket: by tool and concurrency, and beside the ceilings."""
import json

from harness import figures, places, workloads
from harness.processes import Invalid, run
from harness.targets import Targets

from . import ceilings

CONCURRENCY = [1, 16, 256, 2048]
# name of the ceiling, the share of it that the engine is to reach, jobs in flight, and what a job counts as
CEILINGS = {
    "http": ("C loop on libcurl's multi interface", 0.85, 256, 1),
    "dns": ("dnsperf", 0.40, 256, 1),
    "tcp": ("C connect loop", 0.70, 256, 1),
    # fping's unit is the echo; with one echo a job the whole of a job is paid for each.
    "ping-many": ("fping", 1.00, 2048, workloads.ECHOES),
    "ping": ("fping", 1.00, 256, 1),
}


def engine(kind, concurrency, seconds, *flags):
    text = run(
        [places.product("probe-bench"), "engine", "--kind", json.dumps(kind), "--concurrency", str(concurrency),
         "--seconds", str(seconds), *flags], seconds + 90)
    tally = json.loads(text)
    if tally["wrong"] or not tally["jobs"]:
        raise Invalid(f"engine, {kind['name']}: {tally['wrong']} wrong, such as {tally.get('wrongExample')}")
    return tally


def run_suite(settings, report):
    seconds = settings.seconds(2.0)
    with Targets(settings.place("engine-targets")) as targets:
        kinds = {**workloads.kinds(targets), "ping-many": workloads.ping_many()}
        by_tool = {
            tool: [engine(kinds[tool], concurrency, seconds) for concurrency in CONCURRENCY]
            for tool in workloads.TOOLS}
        for tool, tallies in by_tool.items():
            for tally in tallies:
                report.row(
                    f"{tool} at {tally['concurrency']}", f"{figures.short(tally['jobsPerSecond'])} jobs/s",
                    f"{tally['cpuMicrosecondsPerJob']:.1f} us CPU, p50 {tally['turnaround']['p50']:.2f} ms, "
                    f"p99 {tally['turnaround']['p99']:.2f} ms")
        report.raw["engine"] = by_tool
        report.plot(
            "Engine: jobs a second by concurrency", "jobs/s",
            {tool: [tally["jobsPerSecond"] for tally in tallies] for tool, tallies in by_tool.items()}, CONCURRENCY, True)
        against_ceilings(settings, report, targets, kinds)


def against_ceilings(settings, report, targets, kinds):
    seconds, folder = settings.seconds(3.0), settings.place("ceilings")
    programs = {
        "http": lambda: ceilings.curl_multi(targets, 256, seconds),
        "dns": lambda: ceilings.dnsperf(targets, 256, seconds, folder),
        "tcp": lambda: ceilings.connect_loop(targets, 256, seconds),
        "ping-many": lambda: ceilings.fping(seconds, folder),
        "ping": lambda: ceilings.fping(seconds, folder),
    }
    compared = {}
    for tool, (name, limit, concurrency, weight) in CEILINGS.items():
        ours, theirs = [], []
        for _ in range(settings.rounds):
            ours.append(engine(kinds[tool], concurrency, seconds)["jobsPerSecond"] * weight)
            theirs.append(programs[tool]()["jobsPerSecond"])
        compared[tool] = {"engine": ours, "ceiling": theirs}
        report.row(f"{tool}: {name}", f"{figures.with_spread(figures.spread(theirs))} jobs/s")
        share = figures.ratio(ours, theirs)
        report.row(f"{tool}: engine / {name}", figures.with_spread(share))
        report.bar(f"engine / {name} ({tool})", share["median"], ">=", limit)
    queries = [ceilings.query_loop(targets, 256, seconds)["jobsPerSecond"] for _ in range(settings.rounds)]
    report.row("dns: C loop, a socket a query", f"{figures.with_spread(figures.spread(queries))} jobs/s")
    report.row("dns: that / dnsperf", figures.with_spread(figures.ratio(queries, compared["dns"]["ceiling"])))
    report.row("dns: engine / that", figures.with_spread(figures.ratio(compared["dns"]["engine"], queries)))
    closing = ceilings.wrk_close(targets, 64, seconds)
    report.row("http: wrk -H 'Connection: close'", f"{figures.short(closing['jobsPerSecond'])} requests/s")
    report.raw["ceilings"] = {**compared, "query_loop": queries, "wrk_close": closing}
    report.plot(
        "Engine at 256 beside bare C", "jobs/s",
        {
            "engine": [figures.spread(compared[tool]["engine"]) for tool in CEILINGS],
            "ceiling": [figures.spread(compared[tool]["ceiling"]) for tool in CEILINGS],
        }, [f"{tool} / {CEILINGS[tool][0].split()[0]}" for tool in CEILINGS], True)
