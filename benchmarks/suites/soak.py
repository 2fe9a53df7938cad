"""A million jobs at a steady rate: nothing may grow, no answer may be missing. Ten minutes and more."""
import statistics

from harness import figures, workloads
from harness.control import Driven, probe_agent
from harness.processes import Invalid, Sampler
from harness.targets import Targets

JOBS, RATE = 1_000_000, 2000.0


def run_suite(settings, report):
    jobs = 4000 if settings.quick else JOBS
    with Targets(settings.place("soak-targets")) as targets:
        with Driven(settings.place("soak"), "node", probe_agent(max_concurrent=1024)) as node:
            kinds = list(workloads.kinds(targets).values())
            # The answers kept for repeated requests (10,000) are there before it begins.
            node.load(kinds, 64, jobs=min(jobs, 12_000))
            sampler = Sampler(node.node.pid, 5.0 if not settings.quick else 0.2)
            number = node.begin(kinds, 1024, jobs=jobs, rate=RATE)
            tally = node.finish(number, jobs / RATE * 1.5 + 120)
            samples = sampler.stop()
    _report(report, tally, samples, jobs)


def _report(report, tally, samples, jobs):
    third = max(1, len(samples) // 3)

    def drift(value):
        """Of the last third against the first."""
        first, last = samples[:third], samples[-third:]
        return statistics.mean(map(value, last)) - statistics.mean(map(value, first))

    memory = drift(lambda sample: sample[1].anonymous_mb)
    descriptors = drift(lambda sample: sample[1].descriptors)
    report.row(f"{jobs:,} jobs", f"{figures.short(tally['jobsPerSecond'])} jobs/s", "every answer came once and was right")
    report.row("anonymous memory, last third against first", f"{memory:+.2f} MB", f"now {samples[-1][1].anonymous_mb:.1f} MB")
    report.row("descriptors, last third against first", f"{descriptors:+.1f}")
    for kind in tally["kinds"]:
        report.row(f"{kind['name']}: turnaround", f"p50 {kind['turnaround']['p50']:.2f} ms",
                   f"p99 {kind['turnaround']['p99']:.2f} ms, max {kind['turnaround']['max']:.0f} ms")
    report.raw["soak"] = {"tally": tally, "samples": [(at, vars(footprint)) for at, footprint in samples]}
    if tally["answered"] != jobs:
        raise Invalid(f"{jobs} jobs, {tally['answered']} answers")
    report.plot(
        "Soak: anonymous memory over time", "MB", {"RssAnon": [sample[1].anonymous_mb for sample in samples[::third // 4 or 1]]},
        [f"{sample[0]:.0f} s" for sample in samples[::third // 4 or 1]])
