#!/usr/bin/env bash
# sanitize.sh address|thread [arguments for swift test]: the unit and loopback suites, instrumented.
#
# Each sanitizer has its own build folder: changing flags in one folder recompiles everything.
# Left out are suites that start the built programs under strace, as another user or in network
# namespaces, or that assert on time and memory (their type names end as in `left_out`): there the
# sanitizer itself would be measured.
set -euo pipefail
cd "$(dirname "$0")/.."

left_out='(Lab|Load|Soak|Program|Privilege|Hardening)Tests'
sanitizer=${1:-}
case $sanitizer in
    address)
        scratch=.build-asan
        # Undefined behaviour in C, the inline functions of the shims included, which the Swift compiler takes in: there
        # is no runtime of that sanitizer here, so it ends the program with SIGILL, and the backtrace names what it was.
        checks=(-Xcc -fsanitize=undefined -Xcc -fsanitize-undefined-trap-on-error)
        # Swift's runtime and the test runner keep memory until exit on purpose.
        export ASAN_OPTIONS=detect_leaks=0:halt_on_error=1
        ;;
    thread)
        scratch=.build-tsan
        checks=()
        export TSAN_OPTIONS=halt_on_error=0:exitcode=66:suppressions=$PWD/scripts/thread-sanitizer.supp
        ;;
    *)
        echo "usage: sanitize.sh address|thread [arguments for swift test]" >&2
        exit 64
        ;;
esac
shift
# Tests with deadlines may ask for it.
export PROBEOPS_SANITIZER=$sanitizer
# The sanitizer makes system calls and opens files in the node that no node needs.
export PROBEOPS_HARDENING=false

swift build --build-tests --scratch-path "$scratch" --sanitize="$sanitizer" "${checks[@]}"
swift test --skip-build --scratch-path "$scratch" --sanitize="$sanitizer" --disable-xctest --no-parallel \
    "${checks[@]}" --skip "$left_out" "$@" 2>&1 | scripts/test-summary.sh
