"""Where things are."""
import os
import subprocess

BENCHMARKS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ROOT = os.path.dirname(BENCHMARKS)
RESULTS = os.path.join(BENCHMARKS, "results")
C_PROGRAMS = os.path.join(BENCHMARKS, ".build")
# A release build has its own folder: changing the configuration in one recompiles everything.
SCRATCH = os.path.join(ROOT, ".build-release")


def product(name):
    return os.path.join(os.environ.get("BENCH_PROGRAMS") or os.path.join(SCRATCH, "release"), name)


def c_program(name):
    return os.path.join(C_PROGRAMS, name)


def peer(name):
    return os.path.join(BENCHMARKS, "peers", name)


def commit():
    def git(*arguments):
        return subprocess.run(["git", "-C", ROOT, *arguments], capture_output=True, text=True).stdout.strip()

    changed = git("status", "--porcelain", "--", "Sources", "Package.swift")
    return git("rev-parse", "--short=10", "HEAD") + ("+" if changed else "")
