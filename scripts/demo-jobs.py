#!/usr/bin/python3
"""demo-jobs.py NODE BACKEND-URL PORTS CERTIFICATE: prints one job of each tool, as the backend takes them.
PORTS is what demo-peers.py printed, CERTIFICATE the file with its certificate."""
import json
import sys

node, backend, ports, certificate = sys.argv[1], sys.argv[2], json.loads(sys.argv[3]), open(sys.argv[4]).read()
name_server = f"127.0.0.1:{ports['dns']}"
JOBS = [
    ("ping", "127.0.0.1", {"count": 4, "interval_ms": 100}),
    ("traceroute", "127.0.0.1", {}),
    ("mtr", "127.0.0.1", {"cycles": 3, "interval_ms": 100}),
    ("path_mtu", "127.0.0.1", {}),
    ("dns", "demo.example", {"resolver": name_server}),
    ("reverse_dns", "192.0.2.10", {"resolver": name_server}),
    ("http", f"{backend}/healthz", {}),
    ("tls", "127.0.0.1", {"port": ports["tls"], "ca_pem": certificate}),
    ("port_check", "127.0.0.1", {"ports": [ports["tcp"], ports["whois"], 1]}),
    ("tcp", "127.0.0.1", {"port": ports["tcp"], "steps": [{"expect_regex": "^220"}, {"send": "HELO me\r\n", "expect_regex": "250"}]}),
    ("whois", "demo.example", {"server": f"127.0.0.1:{ports['whois']}"}),
    ("ntp", "127.0.0.1", {"port": ports["ntp"]}),
    ("websocket", f"ws://127.0.0.1:{ports['ws']}/", {"message": "hello"}),
]
json.dump(
    [{"node": node, "tool": tool, "target": target, "timeout": 20, "parameters": parameters} for tool, target, parameters in JOBS],
    sys.stdout,
)
