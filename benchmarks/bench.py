#!/usr/bin/python3
"""bench.py [NAME...]: runs benchmarks, prints one table, writes JSON and SVG under benchmarks/results/.

`make bench` builds what this needs. A run in which an answer was wrong or missing is invalid: it is said, and the exit
code is 1. A bar that was missed is a finding, not an error.
"""
import argparse
import importlib
import os
import resource
import shutil
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from harness import figures, machine, places  # noqa: E402
from harness.processes import Invalid  # noqa: E402
from harness.settings import Settings  # noqa: E402

USUAL = ["engine", "node", "peers", "fidelity", "silent", "fleet"]
ALL = [*USUAL, "soak", "watch"]
# More of the machine in use by others than this, and numbers say little.
BUSY = 0.10


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", choices=[[], *ALL], metavar="NAME", help=f"of {', '.join(ALL)}")
    parser.add_argument("--quick", action="store_true", help="a second each: shows that it works, measures nothing")
    parser.add_argument("--keep", action="store_true", help="keep the logs also when all went well")
    options = parser.parse_args()
    for name in ("probe-bench", "probe-agent"):
        if not os.path.exists(places.product(name)):
            parser.error(f"{places.product(name)} is not built: use `make bench`")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

    about = machine.describe(places.commit())
    about["busy_at_start"] = machine.busy()
    folder = tempfile.mkdtemp(prefix="probeops-bench-")
    reports, invalid = [], []
    for name in options.names or USUAL:
        begin = time.monotonic()
        print(f"{name} ...", file=sys.stderr, flush=True)
        report = figures.Report(name, about)
        try:
            importlib.import_module(f"suites.{name}").run_suite(Settings(folder, options.quick), report)
            report.write()
            reports.append(report)
        except Invalid as problem:
            invalid.append((name, problem))
            reports.append(report)
        print(f"{name}: {time.monotonic() - begin:.0f} s", file=sys.stderr, flush=True)
    conclude(about, reports, invalid, options.quick)
    if invalid or options.keep:
        print(f"logs: {folder}", file=sys.stderr)
    else:
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if invalid else 0


def conclude(about, reports, invalid, quick):
    print(f"\n{about['date']}, commit {about['commit']}, {about['cpu']} x{about['cores']}, "
          f"Linux {about['kernel']}, {about['system']}")
    if about["busy_at_start"] > BUSY:
        print(f"WARNING: {about['busy_at_start']:.0%} of the machine was in use by others at the start: rough at best.")
    if quick:
        print("Quick run: it shows that the benchmarks work, its numbers are not to be quoted.")
    print()
    print(figures.table(reports))
    for name, problem in invalid:
        print(f"\nINVALID {name}: {problem}")


if __name__ == "__main__":
    sys.exit(main())
