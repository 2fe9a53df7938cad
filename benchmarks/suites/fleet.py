"""Many simulated nodes against one probe-backend: connections, heartbeats, jobs, memory a connection."""
import concurrent.futures
import json
import os
import time
import urllib.request

from harness import figures, places
from harness.processes import Footprint, Invalid, Program

ADMIN = "padm_benchmark0000000000000000000000"


class Backend:
    def __init__(self, folder):
        self.program = Program(
            [places.product("probe-backend"), "serve", "--listen", "127.0.0.1:0", "--database", f"{folder}/fleet.db",
             "--log-level", "warning"], os.path.join(folder, "backend.log"),
            env={**os.environ, "PROBEOPS_ADMIN_TOKEN": ADMIN})
        line = self.program.line(30)
        self.url = line.rpartition(" ")[2]
        self.port = int(self.url.rpartition(":")[2])

    def post(self, path, body, within=120):
        request = urllib.request.Request(
            self.url + path, json.dumps(body).encode(),
            {"Content-Type": "application/json", "Authorization": f"Bearer {ADMIN}"})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=within) as answer:
            return json.load(answer)

    def register(self, count):
        token = self.post("/api/v1/registration-tokens", {"uses": count, "expires_in": 3600})["registration_token"]

        def one(number):
            return self.post("/probe-nodes/register", {
                "registration_token": token, "name": f"simulated-{number}", "version": "1.0.0"})

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            return list(pool.map(one, range(count)))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.program.stop()


def run_suite(settings, report):
    if not os.path.exists(places.product("probe-backend")):
        raise Invalid("probe-backend is not built")
    count = 50 if settings.quick else 2000
    folder = settings.place("fleet")
    with Backend(folder) as backend:
        begin = time.monotonic()
        credentials = backend.register(count)
        registered = count / (time.monotonic() - begin)
        path = f"{folder}/credentials"
        with open(path, "w") as file:
            file.writelines(
                json.dumps({key: node[key] for key in ("node_uuid", "api_key")}) + "\n" for node in credentials)
        before = Footprint.of(backend.program.pid)
        fleet = Program(
            [places.product("probe-bench"), "fleet", "--port", str(backend.port), "--credentials", path,
             "--heartbeat", "1"], f"{folder}/fleet.log", stdin=True)
        try:
            begin = time.monotonic()
            _until(fleet, lambda second: second["authenticated"] == count, 60)
            connected = time.monotonic() - begin
            after = Footprint.of(backend.program.pid)
            beats = _heartbeats(backend, fleet, settings.seconds(5.0))
            jobs = _jobs(settings, backend)
            last = fleet.message(10)
        finally:
            fleet.stop()
    if last["ended"] or last["refused"]:
        raise Invalid(f"{last['ended']} connections ended, {last['refused']} were refused")
    kib = (after.resident_mb - before.resident_mb) * 1024 / count
    report.row("registrations", f"{figures.short(registered)}/s")
    report.row("connections", f"{count} within {connected:.1f} s", f"{kib:.1f} KiB of the backend's memory each")
    report.row("heartbeats", f"{figures.short(beats['rate'])}/s", f"{beats['cpu']:.0f} us of the backend's CPU each")
    report.row("jobs through the REST API", f"{figures.short(jobs['rate'])}/s",
               f"{jobs['cpu']:.0f} us of the backend's CPU each, stored and answered")
    report.raw["fleet"] = {
        "nodes": count, "registrations_per_s": registered, "connect_s": connected, "kib_per_connection": kib,
        "heartbeats": beats, "jobs": jobs}


def _until(fleet, condition, within):
    end = time.monotonic() + within
    while time.monotonic() < end:
        second = fleet.message(10)
        if second["refused"] or second["ended"]:
            raise Invalid(f"the backend refused or ended connections: {second}")
        if condition(second):
            return second
    raise Invalid(f"not within {within} s: {second}")


def _heartbeats(backend, fleet, seconds):
    before, first, begin = Footprint.of(backend.program.pid), fleet.message(10), time.monotonic()
    last = first
    while time.monotonic() - begin < seconds:
        last = fleet.message(10)
    elapsed = time.monotonic() - begin
    after = Footprint.of(backend.program.pid)
    acknowledged = last["acknowledgedHeartbeats"] - first["acknowledgedHeartbeats"]
    if acknowledged < 0.8 * (last["heartbeats"] - first["heartbeats"]):
        raise Invalid(f"heartbeats without an acknowledgement: {first} {last}")
    return {"rate": acknowledged / elapsed, "cpu": (after.cpu - before.cpu) * 1e6 / max(1, acknowledged)}


def _jobs(settings, backend):
    """Batches of 500 for any node, four at a time, each waited for."""
    batch = [{"node": "any", "tool": "ping", "target": "127.0.0.1", "parameters": {"count": 1}}] * 500
    rounds = 2 if settings.quick else 40
    before, begin = Footprint.of(backend.program.pid), time.monotonic()

    def one(_):
        jobs = backend.post("/api/v1/jobs?wait=60", batch)["jobs"]
        wrong = [job for job in jobs if job["state"] != "done" or not job["result"]["success"]]
        if wrong:
            raise Invalid(f"{len(wrong)} jobs of {len(jobs)} were not done, such as {wrong[0]}")
        return len(jobs)

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        done = sum(pool.map(one, range(rounds)))
    elapsed = time.monotonic() - begin
    after = Footprint.of(backend.program.pid)
    return {"rate": done / elapsed, "cpu": (after.cpu - before.cpu) * 1e6 / done, "jobs": done}
