#!/usr/bin/env bash
# fuzz.sh [INPUTS] [DECODER]: feed every decoder of strangers' bytes with mutated inputs (default: 1,000,000 each).
# A debug build, as the tests': with the checks of the standard library that an optimised one leaves out.
set -euo pipefail
cd "$(dirname "$0")/.."

swift build --product probe-fuzz
exec "$(swift build --show-bin-path)/probe-fuzz" "$@"
