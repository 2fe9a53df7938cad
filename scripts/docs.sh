#!/usr/bin/env bash
# docs.sh: the libraries' public interfaces as a static site, by the toolchain's own DocC. OUT is the folder (.build-docs);
# any web server shows it, for example: python3 -m http.server --directory .build-docs
set -euo pipefail
cd "$(dirname "$0")/.."

out=${OUT:-.build-docs}
docc=$(command -v docc || dirname "$(readlink -f "$(command -v swift)")")
if [[ -d $docc ]]; then docc=$docc/docc; fi
if [[ ! -x $docc ]]; then
    echo "docs.sh: this toolchain has no docc" >&2
    exit 1
fi
modules=(ProbeNative ProbeProtocol ProbeAgent)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Builds what is not built, and writes the public symbols of every module beside it.
swift package dump-symbol-graph --minimum-access-level public >"$work/build.log" 2>&1 || {
    tail "$work/build.log" >&2
    exit 1
}
symbols=$(swift build --show-bin-path)/../symbolgraph
rm -rf "$out"
mkdir -p "$out"
for module in "${modules[@]}"; do
    mkdir "$work/$module"
    # Also what it adds to other modules' types: MODULE@OTHER.symbols.json, which need not exist.
    find "$symbols" \( -name "$module.symbols.json" -o -name "$module@*.symbols.json" \) -exec cp -t "$work/$module" {} +
    # Parameters whose names say it all are not described: that complaint is not shown.
    "$docc" convert "docs/docc/$module.docc" --additional-symbol-graph-dir "$work/$module" \
        --fallback-display-name "$module" --fallback-bundle-identifier "probeops.$module" \
        --transform-for-static-hosting --hosting-base-path "$module" --output-path "$out/$module" 2>&1 |
        awk -v RS= -v ORS='\n\n' '!/ is missing documentation/'
done
echo "$out: $(find "$out" -name index.html | wc -l) pages; begin with /MODULE/documentation/"
