#!/usr/bin/python3
"""check.py [--update]: system calls a job against the budgets in budgets.json; more than a tenth over one fails.

System calls and not seconds: they are the same on a slow machine, a busy one and in a debug build, and most of what a
probe costs is in them. Counted by strace over a fixed number of jobs, one after the other, less those of the start. All
of it on one processor, and with servers that take two milliseconds: else an answer is sometimes there before the node
waits for it.
"""
import argparse
import json
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from harness import places, workloads  # noqa: E402
from harness.control import Driven, probe_agent  # noqa: E402
from harness.processes import Invalid, run  # noqa: E402
from harness.targets import DelayServers, Targets  # noqa: E402

BUDGETS = os.path.join(places.BENCHMARKS, "budgets.json")
TOLERANCE = 0.10
# Twice the jobs, so that the difference is jobs only.
JOBS = (150, 450)


def traced(output):
    return ["strace", "-f", "-qq", "-c", "-U", "calls,name", "-o", output]


def counted(path):
    """Calls by name of a summary that strace wrote."""
    counts = {}
    for line in open(path):
        found = re.match(r"\s*(\d+)\s+(\w+)$", line)
        if found and found[2] != "total":
            counts[found[2]] = int(found[1])
    return counts


def engine(kind, jobs, folder):
    output = os.path.join(folder, "strace")
    text = run(
        [*traced(output), places.product("probe-bench"), "engine", "--kind", json.dumps(kind), "--concurrency", "1",
         "--jobs", str(jobs), "--seconds", "100", "--warm-up", "20", "--reactors", "1"], 120)
    tally = json.loads(text)
    if tally["wrong"] or tally["jobs"] != jobs:
        raise Invalid(f"{kind['name']}: {tally['wrong']} wrong of {tally['jobs']}, such as {tally.get('wrongExample')}")
    return counted(output)


def node(kind, jobs, folder):
    output = os.path.join(folder, "strace")
    if os.path.exists(output):
        os.remove(output)

    def command(port):
        arguments, environment = probe_agent()(port)
        return [*traced(output), *arguments], environment

    with Driven(folder, "check", command) as driven:
        driven.finish(driven.begin([kind], 1, jobs=jobs), 120)
        # strace writes its summary when the node has ended, which it asks for by passing the signal on.
        children = open(f"/proc/{driven.node.pid}/task/{driven.node.pid}/children").read().split()
        os.kill(int(children[0]), 15)
        driven.node.process.wait(30)
    return counted(output)


def per_job(measure, kind, folder):
    few, many = (measure(kind, jobs, folder) for jobs in JOBS)
    difference = {name: (many.get(name, 0) - few.get(name, 0)) / (JOBS[1] - JOBS[0]) for name in {*few, *many}}
    return {name: round(value, 2) for name, value in sorted(difference.items()) if value > 0.02}


def measured():
    with tempfile.TemporaryDirectory(prefix="probeops-check-") as folder:
        place = os.path.join(folder, "targets")
        with Targets(place) as targets, DelayServers(place, [2]) as slow:
            targets.dns_port, targets.http_port = slow.ports["dns", 2], slow.ports["http", 2]
            kinds = workloads.kinds(targets)
            # The slow servers' answers differ from the usual targets'.
            kinds["dns"]["expect"] = ['"success":true', '"value":"127.0.0.1"']
            kinds["http"]["expect"] = ['"success":true', '"body_bytes":3,']
            found = {f"engine {tool}": per_job(engine, kinds[tool], folder) for tool in workloads.TOOLS}
            found["node dns"] = per_job(node, kinds["dns"], folder)
    return {name: {"total": round(sum(calls.values()), 1), "calls": calls} for name, calls in found.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--update", action="store_true", help="write what was measured as the new budgets")
    options = parser.parse_args()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    found = measured()
    if options.update:
        with open(BUDGETS, "w") as file:
            json.dump(found, file, indent=1, sort_keys=True)
            file.write("\n")
    budgets = json.load(open(BUDGETS))
    failed = False
    for name, figure in found.items():
        budget = budgets[name]["total"]
        verdict = "ok"
        if figure["total"] > budget * (1 + TOLERANCE):
            verdict, failed = "OVER THE BUDGET", True
        elif figure["total"] < budget * (1 - TOLERANCE):
            verdict = "well below: lower the budget (check.py --update)"
        print(f"{name:14} {figure['total']:6.1f} system calls a job, budget {budget:6.1f}: {verdict}")
        if verdict == "OVER THE BUDGET":
            known = budgets[name]["calls"]
            for call, count in figure["calls"].items():
                if count > known.get(call, 0) + 0.1:
                    print(f"{'':14} {call}: {count}, was {known.get(call, 0)}")
    if failed:
        print("A job costs more system calls than it did. If that is meant, say why and run check.py --update.")
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Invalid as problem:
        print(f"check.py: invalid: {problem}", file=sys.stderr)
        sys.exit(1)
