#!/usr/bin/env bash
# fuzz.sh [INPUTS] [DECODER]: feed every decoder of strangers' bytes with mutated inputs (default: 1,000,000 each).
# A debug build, as the tests': with the checks of the standard library that an optimised one leaves out.
set -euo pipefail
cd "$(dirname "$0")/.."

swift build --product probe-fuzz
"$(swift build --show-bin-path)/probe-fuzz" "$@"
# Two decoders are the node's own (the backend's messages, the outbox's segments): they are fuzzed where they are tested.
if (($# < 2)); then
    PROBEOPS_FUZZ_INPUTS=${1:-1000000} swift test --disable-xctest --filter '\.(Inbound|Segment)FuzzTests' 2>&1 |
        scripts/test-summary.sh
fi
