"""Networks of namespaces of our own: one with addresses of which none ever answers, one with a delayed link."""
import json
import os
import subprocess

from . import places
from .processes import Invalid, Program
from .targets import in_real_time

NEAR, FAR = "10.65.0.1", "10.65.0.2"
# All of it is local over there, and dropped on input: silent, not unreachable.
SILENT = "10.66.0.0/16"
DELAYED = "10.67.0.0/16"


def ip(*command):
    done = subprocess.run(["ip", *command], capture_output=True, text=True)
    if done.returncode != 0:
        raise Invalid(f"namespaces cannot be used here: ip {' '.join(command[:4])}: {done.stderr.strip()}")


class DelayedLink:
    """A namespace with a link behind which every address of 10.67.0.0/16 answers pings after exactly so long."""

    def __init__(self, folder, milliseconds):
        self.name = f"bench-{os.getpid()}-delay"
        self.folder, self.milliseconds = folder, milliseconds

    def __enter__(self):
        os.makedirs(self.folder, exist_ok=True)
        ip("netns", "add", self.name)
        try:
            ip("-n", self.name, "link", "set", "lo", "up")
            self.program = Program(
                [*self.prefix, *in_real_time(), places.c_program("delay_link"), "delay0", str(self.milliseconds)],
                os.path.join(self.folder, "link.log"), stdin=True)
            self.program.line(10)
            ip("-n", self.name, "address", "add", "10.68.0.1/32", "dev", "delay0")
            ip("-n", self.name, "link", "set", "delay0", "up")
            ip("-n", self.name, "route", "add", DELAYED, "dev", "delay0", "src", "10.68.0.1")
        except BaseException:
            self.__exit__()
            raise
        return self

    @property
    def prefix(self):
        """Runs a command in the namespace."""
        return ["ip", "netns", "exec", self.name]

    def finish(self):
        """How late its own answers were."""
        self.program.close_input()
        return json.loads(self.program.line(30))

    def __exit__(self, *_):
        if hasattr(self, "program"):
            self.program.stop()
        subprocess.run(["ip", "netns", "del", self.name], capture_output=True)


class SilentNetwork:
    """Two namespaces: here the node and healthy targets, there addresses of which none ever answers."""

    def __init__(self):
        name = f"bench-{os.getpid()}"
        self.near, self.far = f"{name}-near", f"{name}-far"

    def __enter__(self):
        try:
            for namespace in (self.near, self.far):
                ip("netns", "add", namespace)
                ip("-n", namespace, "link", "set", "lo", "up")
            ip("link", "add", "near0", "netns", self.near, "type", "veth", "peer", "name", "far0", "netns", self.far)
            for namespace, device, address in ((self.near, "near0", NEAR), (self.far, "far0", FAR)):
                ip("-n", namespace, "address", "add", f"{address}/24", "dev", device)
                ip("-n", namespace, "link", "set", device, "up")
            ip("-n", self.near, "route", "add", SILENT, "via", FAR)
            ip("-n", self.far, "route", "add", "local", SILENT, "dev", "lo")
            ip(
                "netns", "exec", self.far, "nft",
                "add table ip silent; add chain ip silent input { type filter hook input priority 0; }; "
                f"add rule ip silent input ip daddr {SILENT} drop")
        except BaseException:
            self._remove()
            raise
        return self

    @property
    def prefix(self):
        """Runs a command on the node's side."""
        return ["ip", "netns", "exec", self.near]

    def _remove(self):
        for namespace in (self.near, self.far):
            subprocess.run(["ip", "netns", "del", namespace], capture_output=True)

    def __exit__(self, *_):
        self._remove()
