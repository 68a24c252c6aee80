"""People and programs that come more than once, by curl_cffi: each with a real browser's TLS and HTTP/2, an address and cookies of its
own.

usage: visits.py BASE_URL < VISITS

Each line of VISITS is a JSON object: {"who": NAME, "as": "chrome131", "from": "127.0.3.1", "method": "POST", "path": "/login",
"headers": {NAME: VALUE}, "form": TEXT, "close": false, "wait_ms": 0}. All visits of one `who` share a session, and so connections,
until one says `close`. Prints one status for each line.
"""

import json
import sys
import time

from curl_cffi import requests

base = sys.argv[1]
sessions = {}
for line in sys.stdin:
    visit = json.loads(line)
    who = visit["who"]
    if who not in sessions:
        sessions[who] = requests.Session(impersonate=visit["as"], verify=False, interface=visit["from"], timeout=10)
    time.sleep(visit.get("wait_ms", 0) / 1000)
    method = visit.get("method", "GET")
    answer = sessions[who].request(method, base + visit["path"], headers=visit.get("headers"), data=visit.get("form"))
    print(answer.status_code, flush=True)
    if visit.get("close"):
        sessions.pop(who).close()
