"""A network of two namespaces: here the node and healthy targets, there addresses of which none ever answers."""
import os
import subprocess

from .processes import Invalid

NEAR, FAR = "10.65.0.1", "10.65.0.2"
# All of it is local over there, and dropped on input: silent, not unreachable.
SILENT = "10.66.0.0/16"


class SilentNetwork:
    def __init__(self):
        name = f"bench-{os.getpid()}"
        self.near, self.far = f"{name}-near", f"{name}-far"

    def __enter__(self):
        try:
            for namespace in (self.near, self.far):
                self._run("ip", "netns", "add", namespace)
                self._run("ip", "-n", namespace, "link", "set", "lo", "up")
            self._run(
                "ip", "link", "add", "near0", "netns", self.near, "type", "veth", "peer", "name", "far0", "netns",
                self.far)
            for namespace, device, address in ((self.near, "near0", NEAR), (self.far, "far0", FAR)):
                self._run("ip", "-n", namespace, "address", "add", f"{address}/24", "dev", device)
                self._run("ip", "-n", namespace, "link", "set", device, "up")
            self._run("ip", "-n", self.near, "route", "add", SILENT, "via", FAR)
            self._run("ip", "-n", self.far, "route", "add", "local", SILENT, "dev", "lo")
            self._run(
                "ip", "netns", "exec", self.far, "nft",
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

    @staticmethod
    def _run(*command):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            raise Invalid(f"namespaces cannot be used here: {' '.join(command[:4])}: {done.stderr.strip()}")

    def _remove(self):
        for namespace in (self.near, self.far):
            subprocess.run(["ip", "netns", "del", namespace], capture_output=True)

    def __exit__(self, *_):
        self._remove()
