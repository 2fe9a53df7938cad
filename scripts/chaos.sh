#!/usr/bin/env bash
# chaos.sh [arguments for swift test]: the long form of the chaos suites (docs/internals/chaos.md).
#
#   PROBEOPS_CHAOS_ROUNDS  times that each fault strikes (50)
#   PROBEOPS_CHAOS_FRAMES  frames of the hostile backend (1000000)
#   PROBEOPS_CHAOS_SEED    what everything random follows from
set -euo pipefail
cd "$(dirname "$0")/.."

export PROBEOPS_CHAOS_ROUNDS=${PROBEOPS_CHAOS_ROUNDS:-50} PROBEOPS_CHAOS_FRAMES=${PROBEOPS_CHAOS_FRAMES:-1000000}
swift build --build-tests
status=0
run() { swift test --skip-build --disable-xctest "$@" 2>&1 | scripts/test-summary.sh || status=1; }
# The faults side by side: they mostly wait. The attacks one by one: they measure memory and lateness under load.
run --filter '\.(FaultMatrix|ClockStep)Tests' "$@"
run --no-parallel --filter '\.Hostile(Backend|Target)Tests' "$@"
exit $status
