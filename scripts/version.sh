#!/usr/bin/env bash
# version.sh [VERSION]: print the version that the programs show by --version; with one, build them as that from now on.
# It stands in the sources and nowhere else: images and packages ask here.
set -euo pipefail
cd "$(dirname "$0")/.."

files=(Sources/ProbeAgent/Version.swift Sources/ProbeBackend/BackendVersion.swift)
pattern='^( *public static let current = )"([^"]*)"$'

if [[ $# -gt 0 ]]; then
    if [[ ! $1 =~ ^[0-9]+\.[0-9]+\.[0-9]+([-+.~][0-9A-Za-z.+~-]+)?$ ]]; then
        echo "version.sh: \"$1\" is no version such as 1.2.3 or 1.2.3-rc.1" >&2
        exit 64
    fi
    sed -i -E "s/$pattern/\1\"$1\"/" "${files[@]}"
fi
versions=$(sed -n -E "s/$pattern/\2/p" "${files[@]}" | sort -u)
if [[ $(wc -l <<<"$versions") -ne 1 || -z $versions ]]; then
    echo "version.sh: ${files[*]} do not agree: ${versions//$'\n'/, }" >&2
    exit 1
fi
echo "$versions"
