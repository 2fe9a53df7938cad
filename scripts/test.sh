#!/usr/bin/env bash
# test.sh [arguments for swift test]: build, run everything, say what was skipped and what failed, and why.
# The last line is the test runner's own; the exit code is its exit code.
set -euo pipefail
cd "$(dirname "$0")/.."

swift build --build-tests
# A package of its own: its programs are what the tests of the examples run.
swift build --package-path Examples --scratch-path .build-examples
# Serial: the suites start servers and measure times on what may be two cores.
swift test --skip-build --disable-xctest --no-parallel "$@" 2>&1 | scripts/test-summary.sh
