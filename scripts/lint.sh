#!/usr/bin/env bash
# lint.sh: the checks that need no build.
set -euo pipefail
cd "$(dirname "$0")/.."

swift format lint --strict --recursive --parallel Package.swift Sources Tests Examples

mapfile -t shell_scripts < <(git ls-files '*.sh' .ci/run)
if command -v shellcheck >/dev/null; then
    shellcheck "${shell_scripts[@]}"
else
    echo "lint.sh: shellcheck is not installed, ${#shell_scripts[@]} shell scripts not checked" >&2
fi
