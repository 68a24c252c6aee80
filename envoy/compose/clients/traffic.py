"""A few minutes of a small site in some seconds: people, tools that say what they are, and some that lie. Gives the dashboard something
to show. Some 60 requests, one after the other.

usage: traffic.py

Prints how many requests of each got which status: {"people": {"200": 12}, ...}.
"""

import json
import socket
import ssl
import subprocess
from collections import Counter

from browser import Browser, agent

SITE, PLAIN = "https://envoy:8443", "http://envoy:8080"
RIGHT, WRONG = {"user": "me", "password": "correct-horse"}, {"user": "me", "password": "guess"}
seen = {}


def note(who, status):
    seen.setdefault(who, Counter())[str(status)] += 1


def curl(who, *arguments):
    command = ["curl", "-sk", "-o", "/dev/null", "-w", "%{http_code}", *arguments]
    note(who, subprocess.run(command, capture_output=True, text=True, check=False).stdout)


def people():
    for _ in range(3):
        person = Browser()
        for path in ("/", "/static/site.css", "/search?q=lamp", "/products/1", "/cart"):
            note("people", person.ask(SITE + path).status_code)
        note("people", person.ask(SITE + "/login", "POST", RIGHT).status_code)


def tools():
    for path in ("/", "/api/items", "/static/site.css", "/robots.txt"):
        curl("tools", SITE + path)
        curl("tools", PLAIN + path)
        curl("tools", "--http1.1", SITE + path)


def liars():
    """curl as Chrome on Windows: wrong in its TCP, its TLS, its HTTP/2 and its headers."""
    for path in ("/", "/login", "/checkout", "/search?q=lamp", "/api/items", "/static/site.css", "/admin"):
        curl("liars", "-A", agent("windows"), SITE + path)
    curl("liars", "-A", agent("windows"), PLAIN + "/")
    curl("liars", "-H", "X-LayerPrint-Verdict: allow;mode=enforce;agreement=clean", SITE + "/")


def odd_ones():
    """Chrome on Linux that claims Windows: wrong in its TCP alone. It passes the challenge at a checkout, once it answers right."""
    odd = Browser("windows")
    for path in ("/", "/search?q=lamp", "/api/items"):
        note("odd ones", odd.ask(SITE + path).status_code)
    challenged = odd.ask(SITE + "/checkout")
    note("odd ones", challenged.status_code)
    for is_right in (False, True):
        note("odd ones", odd.answer_challenge(SITE, challenged.text, is_right))
    for _ in range(2):
        note("odd ones", odd.ask(SITE + "/checkout").status_code)


def guesser():
    """One that tries passwords: over the limit after the tenth."""
    guessing = Browser()
    for _ in range(14):
        note("guesser", guessing.ask(SITE + "/login", "POST", WRONG).status_code)


def silent_ones():
    """Connections that ask for nothing: some end before a byte, some after the handshake."""
    insecure = ssl._create_unverified_context()
    for _ in range(2):
        socket.create_connection(("envoy", 8443)).close()
        insecure.wrap_socket(socket.create_connection(("envoy", 8443)), server_hostname="envoy").close()
        note("silent ones", "none")


for some in (people, tools, liars, odd_ones, guesser, silent_ones):
    some()
print(json.dumps(seen))
