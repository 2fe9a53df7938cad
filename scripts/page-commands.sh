#!/usr/bin/env bash
# page-commands.sh PAGE.md HEADING: print the commands that a page tells its reader to run below a heading: its blocks of
# code that are marked sh.
set -euo pipefail

awk -v heading="## $2" '
    /^## / { inside = $0 == heading; next }
    /^```sh$/ { if (inside) { block = 1; found = 1; next } }
    /^```$/ { block = 0; next }
    block { print }
    END { exit !found }
' "$1"
