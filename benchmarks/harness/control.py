"""A node under load: the lean control plane of `probe-bench control`, and the node that it drives."""
import itertools
import os
import time

from . import places
from .processes import Footprint, Invalid, Program

NODE_UUID = "6f1c2a34-0d0e-4c0f-9a51-0b8e6f6f2c11"


class Driven:
    """A control plane with one node connected to it."""

    def __init__(self, folder, name, node, address="127.0.0.1", prefix=(), with_children=False):
        """node: given the port of the control plane, the node's command and environment."""
        os.makedirs(folder, exist_ok=True)
        self.with_children = with_children
        self.messages = []
        self.runs = itertools.count(1)
        self.control = Program(
            [*prefix, places.product("probe-bench"), "control", "--address", address],
            os.path.join(folder, f"{name}-control.log"), stdin=True)
        try:
            port = self._event("listening", 20)["port"]
            command, environment = node(port)
            begin = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
            self.node = Program(
                [*prefix, *command], os.path.join(folder, f"{name}.log"), env={**os.environ, **environment})
            authenticated = self._event("authenticated", 30)
            self.start_ms = (authenticated["monotonicNanoseconds"] - begin) / 1e6
        except BaseException:
            self.stop()
            raise

    def footprint(self):
        return Footprint.of(self.node.pid, self.with_children)

    def begin(self, kinds, window, **limits):
        """Sends an order; `finish` waits for its tally."""
        number = next(self.runs)
        self.control.tell({"run": number, "kinds": kinds, "window": window, **limits})
        return number

    def finish(self, number, within):
        end = time.monotonic() + within
        while True:
            for message in self.messages:
                if message.get("run") == number:
                    self.messages.remove(message)
                    return self._judged(message)
            self._collect(end - time.monotonic())

    def load(self, kinds, window, within=120, **limits):
        """Runs a load, and says what the node used for it."""
        before, begin = self.footprint(), time.monotonic()
        generator = Footprint.of(self.control.pid).cpu
        tally = self.finish(self.begin(kinds, window, **limits), within)
        after, elapsed = self.footprint(), time.monotonic() - begin
        tally["cpuMicrosecondsPerJob"] = (after.cpu - before.cpu) * 1e6 / max(1, tally["answered"])
        generator = Footprint.of(self.control.pid).cpu - generator
        tally["generatorMicrosecondsPerJob"] = generator * 1e6 / max(1, tally["answered"])
        tally["switchesPerJob"] = (after.switches - before.switches) / max(1, tally["answered"])
        tally["cores"] = (after.cpu - before.cpu) / elapsed
        tally["residentMB"] = after.resident_mb
        tally["threads"] = after.threads
        tally["descriptors"] = after.descriptors
        return tally

    @staticmethod
    def _judged(tally):
        problem = tally.get("failure")
        if not problem and tally["wrong"]:
            examples = [kind["wrongExample"] for kind in tally["kinds"] if kind.get("wrongExample")]
            problem = f"{tally['wrong']} wrong answers, such as {examples[0]}"
        if not problem and tally["answered"] != tally["sent"]:
            problem = f"{tally['sent']} jobs, {tally['answered']} answers"
        if not problem and tally["repeated"]:
            problem = f"{tally['repeated']} answers came twice"
        if not problem and tally["measured"] == 0:
            problem = "no answer within the measured time"
        if problem:
            raise Invalid(problem)
        return tally

    def _event(self, event, within):
        end = time.monotonic() + within
        while True:
            for message in self.messages:
                if message["event"] == event:
                    self.messages.remove(message)
                    return message
            self._collect(end - time.monotonic())

    def _collect(self, within):
        message = self.control.message(max(0.1, within))
        if message["event"] in ("broken", "disconnected"):
            raise Invalid(f"the node's connection: {message['event']} {message.get('detail', '')}")
        self.messages.append(message)

    def stop(self):
        if hasattr(self, "node"):
            self.node.stop()
        self.control.stop()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def probe_agent(address="127.0.0.1", max_concurrent=4096, flags=()):
    def node(port):
        command = [
            places.product("probe-agent"), "--backend", f"ws://{address}:{port}", "--uuid", NODE_UUID,
            "--max-concurrent", str(max_concurrent), "--queue-limit", "20000", "--allow-plaintext",
            "--log-level", "warning", "--allow", "127.0.0.0/8", "--allow", "::1/128", *flags]
        return command, {"PROBEOPS_API_KEY": "benchmark"}

    return node


def subprocess_node(at_once=64):
    def node(port):
        command = [
            "/usr/bin/python3", places.peer("subprocess_node.py"), "--url", f"ws://127.0.0.1:{port}/ws/node",
            "--at-once", str(at_once)]
        return command, {}

    return node


def bare_node():
    """One thread of C that does as little as a job allows (ceilings/bare_node.c)."""
    return lambda port: ([places.c_program("bare_node"), str(port)], {})
