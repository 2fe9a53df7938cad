"""What the machine gives at best: programs that do one thing, in bare C."""
import json
import re
import subprocess

from harness import places
from harness.processes import Invalid, run


def curl_multi(targets, concurrency, seconds):
    url = f"http://{targets.address}:{targets.http_port}/"
    return json.loads(run([places.c_program("curl_multi"), url, str(concurrency), str(seconds)], seconds + 20))


def connect_loop(targets, concurrency, seconds):
    port = str(targets.tcp_port)
    return json.loads(run([places.c_program("connect_loop"), port, str(concurrency), str(seconds)], seconds + 20))


def query_loop(targets, concurrency, seconds):
    """One connected UDP socket a query, as each job has: dnsperf asks all of its queries from one."""
    port = str(targets.dns_port)
    return json.loads(run([places.c_program("query_loop"), port, str(concurrency), str(seconds)], seconds + 20))


def dnsperf(targets, concurrency, seconds, folder):
    queries = folder + "/queries"
    with open(queries, "w") as file:
        file.writelines(f"n{number}.bench.test A\n" for number in range(10_000))
    text = run(
        ["dnsperf", "-s", targets.address, "-p", str(targets.dns_port), "-d", queries, "-l", str(max(1, int(seconds))),
         "-q", str(concurrency), "-c", "1"], seconds + 20)
    rate = re.search(r"Queries per second:\s+([\d.]+)", text)
    codes = re.search(r"Response codes:\s+NOERROR \d+ \(100\.00%\)", text)
    lost = re.search(r"Queries lost:\s+(\d+)", text)
    sent = re.search(r"Queries sent:\s+(\d+)", text)
    # A datagram in a thousand may be lost in a full buffer: dnsperf keeps no window as narrow as a job's.
    if not rate or not codes or int(lost[1]) > int(sent[1]) / 1000:
        raise Invalid(f"dnsperf: {text[-800:]}")
    return {"jobsPerSecond": float(rate[1])}


def fping(seconds, folder):
    """A thousand addresses of 127.0.0.0/8, sixty times each, run after run. It numbers its packets by 16 bits, which it
    uses again after ten seconds only: so a run is of less than 65,536."""
    hosts = folder + "/hosts"
    with open(hosts, "w") as file:
        file.writelines(f"127.1.{number // 250}.{number % 250 + 1}\n" for number in range(1000))
    echoes, time = 0, 0.0
    while time < seconds:
        # Each host's next packet is due a millisecond after its last: never waited for.
        done = subprocess.run(
            ["fping", "-q", "-s", "-c", "60", "-p", "1", "-i", "0", "-t", "2000", "-f", hosts],
            capture_output=True, text=True, timeout=120)
        text = done.stdout + done.stderr
        sent = re.search(r"(\d+) ICMP Echos sent", text)
        received = re.search(r"(\d+) ICMP Echo Replies received", text)
        elapsed = re.search(r"([\d.]+) sec \(elapsed real time\)", text)
        if not sent or not received or not elapsed or int(received[1]) < int(sent[1]):
            raise Invalid(f"fping: {text[-800:]}")
        echoes += int(sent[1])
        time += float(elapsed[1])
    return {"jobsPerSecond": echoes / time}


def wrk_close(targets, concurrency, seconds):
    url = f"http://{targets.address}:{targets.http_port}/"
    text = run(
        ["wrk", "-t", "1", "-c", str(concurrency), "-d", f"{max(1, int(seconds))}s", "-H", "Connection: close", url],
        seconds + 20)
    if "Non-2xx" in text or re.search(r"Socket errors", text):
        raise Invalid(f"wrk: {text[-800:]}")
    return {"jobsPerSecond": float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1])}
