#!/usr/bin/env bash
# test.sh [arguments for swift test]: build, run everything, say what was skipped and what failed, and why.
# The last line is the test runner's own; the exit code is its exit code.
set -euo pipefail
cd "$(dirname "$0")/.."

swift build --build-tests
# Serial: the suites start servers and measure times on what may be two cores.
swift test --skip-build --disable-xctest --no-parallel "$@" 2>&1 | scripts/test-summary.sh
