#!/usr/bin/python3
"""check.py [--update]: system calls and instructions a job against budgets.json; more than a tenth over one fails.

Counts and not seconds: they are the same on a slow machine and on a busy one. System calls by strace, instructions of
user space by callgrind (of the debug build, which CI has: several times those of a release, but what grows there grows
here). Counted over a fixed number of jobs, one after the other, less those of the start. All of it on one processor,
and with servers that take two milliseconds: else an answer is sometimes there before the node waits for it.
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
# Twice, so that the difference is jobs only; callgrind is slow.
JOBS = {"system calls": (150, 450), "instructions": (25, 100)}


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


def node(kind, jobs, folder, traced_program, pid_of_node):
    """Runs jobs through a node that a tracer started, to the end of both."""

    def command(port):
        arguments, environment = probe_agent()(port)
        return [*traced_program, *arguments[1:]], environment

    with Driven(folder, "check", command) as driven:
        driven.finish(driven.begin([kind], 1, jobs=jobs), 120)
        os.kill(pid_of_node(driven.node.pid), 15)
        driven.node.process.wait(60)


def node_calls(kind, jobs, folder):
    output = os.path.join(folder, "strace")

    def child(pid):
        # strace writes its summary when the node has ended; a signal to strace itself would detach it.
        return int(open(f"/proc/{pid}/task/{pid}/children").read().split()[0])

    node(kind, jobs, folder, [*traced(output), places.product("probe-agent")], child)
    return counted(output)


def node_instructions(kind, jobs, folder):
    log, program = os.path.join(folder, "callgrind"), os.path.join(folder, "probe-agent")
    # valgrind of Debian 12 cannot read the debug information that Swift 6 writes.
    if not os.path.exists(program):
        run(["objcopy", "--strip-debug", places.product("probe-agent"), program], 60)
    tracer = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", f"--log-file={log}"]
    # valgrind makes system calls of its own in the process.
    node(kind, jobs, folder, [*tracer, program, "--no-hardening"], lambda pid: pid)
    return {"total": int(re.search(r"Collected : (\d+)", open(log).read())[1])}


def per_job(measure, kind, folder, jobs):
    few, many = (measure(kind, count, folder) for count in jobs)
    difference = {name: (many.get(name, 0) - few.get(name, 0)) / (jobs[1] - jobs[0]) for name in {*few, *many}}
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
            count = JOBS["system calls"]
            calls = {f"engine {tool}": per_job(engine, kinds[tool], folder, count) for tool in workloads.TOOLS}
            calls["node dns"] = per_job(node_calls, kinds["dns"], folder, count)
            count = JOBS["instructions"]
            instructions = {
                f"node {tool}": round(per_job(node_instructions, kinds[tool], folder, count)["total"])
                for tool in workloads.TOOLS}
    return {
        "instructions": instructions,
        "system calls": {name: {"total": round(sum(by.values()), 1), "calls": by} for name, by in calls.items()}}


def judged(name, unit, figure, budget):
    """Says how a figure stands to its budget; true when it is over."""
    verdict = "ok"
    if figure > budget * (1 + TOLERANCE):
        verdict = "OVER THE BUDGET"
    elif figure < budget * (1 - TOLERANCE):
        verdict = "well below: lower the budget (check.py --update)"
    print(f"{name:12} {figure:11,.1f} {unit} a job, budget {budget:11,.1f}: {verdict}")
    return figure > budget * (1 + TOLERANCE)


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
    for name, figure in found["system calls"].items():
        budget = budgets["system calls"][name]
        if judged(name, "system calls", figure["total"], budget["total"]):
            failed = True
            for call, count in figure["calls"].items():
                if count > budget["calls"].get(call, 0) + 0.1:
                    print(f"{'':12} {call}: {count}, was {budget['calls'].get(call, 0)}")
    for name, figure in found["instructions"].items():
        failed = judged(name, "instructions", figure, budgets["instructions"][name]) or failed
    if failed:
        print("A job costs more than it did (benchmarks/profile.sh says where). If that is meant, say why and run "
              "check.py --update.")
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Invalid as problem:
        print(f"check.py: invalid: {problem}", file=sys.stderr)
        sys.exit(1)
