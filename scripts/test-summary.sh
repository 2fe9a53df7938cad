#!/usr/bin/env bash
# test-summary.sh: passes Swift Testing's output through, and before its closing line repeats what matters of a log of
# thousands of lines: how many tests were skipped for each reason (a skipped test must not look like a passed one), and
# which failed and how.
set -euo pipefail

declare -A count=()
total=0
failures=()
while IFS= read -r line; do
    # Lines such as: "➜ Test name() skipped: "the reason"". Suites are named beside their tests.
    if [[ $line =~ ^[^\ ]+\ +Test\ .*\ skipped(\.|:\ \"(.*)\")$ ]]; then
        reason=${BASH_REMATCH[2]:-no reason given}
        count[$reason]=$((${count[$reason]:-0} + 1))
        total=$((total + 1))
    elif [[ $line =~ ^[^\ ]+\ +Test\ .*\ recorded\ an\ issue ]]; then
        failures+=("$line")
    elif [[ $line =~ ^[^\ ]+\ +Test\ run\ with\ .*\ (passed|failed)\ after ]]; then
        echo "Skipped tests: $total"
        for reason in "${!count[@]}"; do echo "  ${count[$reason]}  $reason"; done
        if ((${#failures[@]})); then
            echo "Failures: ${#failures[@]}"
            printf '  %s\n' "${failures[@]}"
        fi
    fi
    printf '%s\n' "$line"
done
