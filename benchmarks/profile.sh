#!/usr/bin/env bash
# profile.sh TOOL: instructions of one job through the engine, by function (callgrind), in a release build.
#
# Counted over 5,000 jobs and over 1,000, on one reactor with 256 in flight; the difference, a job's share, leaves out
# the start. Writes callgrind's file to benchmarks/results/TOOL.callgrind, for callgrind_annotate or kcachegrind.
set -euo pipefail
cd "$(dirname "$0")"

tool=${1:?usage: profile.sh ping|dns|tcp|http}
command -v valgrind >/dev/null || {
    echo "profile.sh: valgrind is not installed (apt-get install valgrind)" >&2
    exit 1
}
mkdir -p results
# valgrind of Debian 12 cannot read the debug information that Swift 6 writes; the symbols are enough.
program=$(mktemp)
trap 'rm -f "$program"' EXIT
objcopy --strip-debug ../.build-release/release/probe-bench "$program"
chmod +x "$program"
/usr/bin/python3 - "$tool" "$program" <<'PYTHON'
import json, re, subprocess, sys, tempfile

sys.path.insert(0, ".")
from harness import workloads
from harness.targets import Targets

tool, program = sys.argv[1:]
counts = {}
with tempfile.TemporaryDirectory() as folder, Targets(folder) as targets:
    kind = json.dumps(workloads.kinds(targets)[tool])
    for jobs in (1000, 5000):
        done = subprocess.run(
            ["valgrind", "--tool=callgrind", f"--callgrind-out-file=results/{tool}.callgrind", program, "engine",
             "--kind", kind, "--concurrency", "256", "--jobs", str(jobs), "--seconds", "600", "--warm-up", "10",
             "--reactors", "1"], capture_output=True, text=True)
        if done.returncode != 0 or json.loads(done.stdout)["wrong"]:
            sys.exit(f"profile.sh: {done.stdout[-500:]} {done.stderr[-2000:]}")
        counts[jobs] = int(re.search(r"Collected : (\d+)", done.stderr)[1])
print(f"{tool}: {(counts[5000] - counts[1000]) / 4000:,.0f} instructions a job (results/{tool}.callgrind)")
PYTHON
