"""Programs that a benchmark starts, and what /proc says of them."""
import ctypes
import json
import os
import queue
import signal
import subprocess
import threading
import time
from dataclasses import dataclass

TICK = os.sysconf("SC_CLK_TCK")
PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


class Invalid(Exception):
    """A run that must not be quoted: something failed, or an answer was wrong."""


def _die_with_parent():
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Program:
    """A child process that ends with this one. Lines of its output can be waited for."""

    def __init__(self, arguments, log, env=None, cwd=None, stdin=False):
        self.name = os.path.basename(arguments[0])
        self.log_path = log
        self._log = open(log, "ab")
        self.process = subprocess.Popen(
            arguments, stdin=subprocess.PIPE if stdin else subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=self._log, env=env, cwd=cwd, start_new_session=True, preexec_fn=_die_with_parent)
        self._lines = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    @property
    def pid(self):
        return self.process.pid

    def _read(self):
        for line in self.process.stdout:
            self._lines.put(line.decode(errors="replace").rstrip("\n"))
        self._lines.put(None)

    def line(self, within):
        """The next line of its output."""
        try:
            line = self._lines.get(timeout=within)
        except queue.Empty:
            raise Invalid(f"{self.name} said nothing for {within} s; its log is {self.log_path}") from None
        if line is None:
            raise Invalid(f"{self.name} ended with {self.process.wait()}; its log is {self.log_path}")
        return line

    def message(self, within):
        """The next line, as JSON."""
        return json.loads(self.line(within))

    def tell(self, value):
        self.process.stdin.write((json.dumps(value) + "\n").encode())
        self.process.stdin.flush()

    def close_input(self):
        self.process.stdin.close()

    def check(self):
        if self.process.poll() is not None:
            raise Invalid(f"{self.name} ended with {self.process.returncode}; its log is {self.log_path}")

    def stop(self, within=10):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(within)
            except subprocess.TimeoutExpired:
                pass
        # What it forked is in its session.
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        self._log.close()


@dataclass
class Footprint:
    """Of one process, now. CPU in seconds of all its threads, and of its ended children where they are asked for."""
    cpu: float
    resident_mb: float
    anonymous_mb: float
    threads: int
    descriptors: int
    switches: int

    @staticmethod
    def of(pid, with_children=False):
        try:
            stat = open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()
            status = dict(line.split(":", 1) for line in open(f"/proc/{pid}/status") if ":" in line)
            descriptors = len(os.listdir(f"/proc/{pid}/fd"))
        except FileNotFoundError:
            raise Invalid(f"process {pid} is gone") from None
        ticks = int(stat[11]) + int(stat[12])
        if with_children:
            ticks += int(stat[13]) + int(stat[14])
        size = {name: int(status[name].split()[0]) / 1024 for name in ("VmRSS", "RssAnon")}
        return Footprint(
            cpu=ticks / TICK, resident_mb=size["VmRSS"], anonymous_mb=size["RssAnon"],
            threads=int(status["Threads"]), descriptors=descriptors, switches=context_switches(pid))


def context_switches(pid):
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        try:
            for line in open(f"/proc/{pid}/task/{task}/status"):
                if "ctxt_switches" in line:
                    total += int(line.split()[1])
        except FileNotFoundError:
            continue
    return total


class Sampler:
    """Looks at a process again and again until it is stopped."""

    def __init__(self, pid, every=1.0):
        self.pid, self.every = pid, every
        self.samples = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        begin = time.monotonic()
        while True:
            try:
                now = Footprint.of(self.pid)
            except Invalid:
                return
            self.samples.append((time.monotonic() - begin, now))
            if self._stop.wait(self.every):
                return

    def stop(self):
        self._stop.set()
        self._thread.join()
        return self.samples


def run(arguments, within, **options):
    """A program to its end; its output."""
    try:
        done = subprocess.run(arguments, capture_output=True, text=True, timeout=within, **options)
    except subprocess.TimeoutExpired:
        raise Invalid(f"{arguments[0]} was not done within {within} s") from None
    if done.returncode != 0:
        raise Invalid(f"{' '.join(arguments[:3])} ended with {done.returncode}: {(done.stderr or done.stdout)[-2000:]}")
    return done.stdout
