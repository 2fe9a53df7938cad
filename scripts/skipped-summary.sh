#!/usr/bin/env bash
# skipped-summary.sh: passes Swift Testing's output through, and before its closing line tells how
# many tests were skipped for each reason: a skipped test must not look like a passed one.
set -euo pipefail

declare -A count=()
total=0
while IFS= read -r line; do
    # Lines such as: "➜ Test name() skipped: "the reason"". Suites are named beside their tests.
    if [[ $line =~ ^[^\ ]+\ +Test\ .*\ skipped(\.|:\ \"(.*)\")$ ]]; then
        reason=${BASH_REMATCH[2]:-no reason given}
        count[$reason]=$((${count[$reason]:-0} + 1))
        total=$((total + 1))
    elif [[ $line =~ ^[^\ ]+\ +Test\ run\ with\ .*\ (passed|failed)\ after ]]; then
        echo "Skipped tests: $total"
        for reason in "${!count[@]}"; do echo "  ${count[$reason]}  $reason"; done
    fi
    printf '%s\n' "$line"
done
