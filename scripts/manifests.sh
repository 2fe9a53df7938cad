#!/usr/bin/env bash
# manifests.sh [RENDERER]: write deploy/kubernetes/plain from the chart, one file for each of a few values files, so that
# the two say the same. RENDERER is Tests/Peers/helm/render.go when it is built already.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
renderer=${1:-$work/render}
if [[ $# -eq 0 ]]; then
    # Debian's packages of Go libraries lie in a GOPATH.
    GO111MODULE=off GOPATH=/usr/share/gocode go build -o "$renderer" Tests/Peers/helm/render.go
fi
folder=${MANIFESTS_FOLDER:-deploy/kubernetes/plain}
mkdir -p "$folder"
for name in node-raw node-restricted backend; do
    {
        echo "# Made by \`make manifests\` from deploy/kubernetes/chart with values/$name.yaml: change it there."
        "$renderer" deploy/kubernetes/chart probeops probeops "deploy/kubernetes/values/$name.yaml" |
            grep -v 'app.kubernetes.io/managed-by: Helm'
    } >"$work/$name.yaml"
    mv "$work/$name.yaml" "$folder/$name.yaml"
done
