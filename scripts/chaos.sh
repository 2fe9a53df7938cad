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
# The faults side by side: they mostly wait. The attacks one by one: they measure memory and lateness under load.
swift test --skip-build --disable-xctest --filter '\.FaultMatrixTests' "$@" 2>&1 | scripts/skipped-summary.sh
swift test --skip-build --disable-xctest --no-parallel --filter '\.Hostile(Backend|Target)Tests' "$@" 2>&1 |
    scripts/skipped-summary.sh
