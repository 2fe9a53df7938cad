#!/usr/bin/env bash
# release.sh PRODUCT FILE: build a program as images and packages have it: the Swift libraries inside, and of them and of
# equal functions no more than what is used, without symbols. RELEASE_SCRATCH names the build folder.
set -euo pipefail
cd "$(dirname "$0")/.."

scratch=${RELEASE_SCRATCH:-.build-static}
# lld folds equal functions and packs relocations (glibc 2.36 and later read them): 6 MB of 76.
swift build -c release --static-swift-stdlib --scratch-path "$scratch" --product "$1" -Xswiftc -use-ld=lld \
    -Xlinker --no-export-dynamic -Xlinker --icf=safe -Xlinker -z -Xlinker pack-relative-relocs \
    -Xlinker --no-eh-frame-hdr
# Nothing in it relies on C++ exceptions, and Swift's errors need no tables: the ones that unwind the stack, another
# 6 MB, would be for a debugger alone, which finds its way by frame pointers.
strip -R .eh_frame -R .gcc_except_table -o "$2" "$scratch/release/$1"
