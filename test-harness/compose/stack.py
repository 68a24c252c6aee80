"""The stack of envoy/compose, started under a name and at ports of its own, and what tests ask it."""

import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

from engine import COMPOSE, compose_command, run

PROJECT = "layerprint-compose-test"
SERVICES = ("envoy", "waf", "verifier", "app", "prometheus", "clients")
PORTS = ("LAYERPRINT_TLS_PORT", "LAYERPRINT_HTTP_PORT", "LAYERPRINT_PROMETHEUS_PORT")
# The images that the profile `limits` takes as they are.
LIMITS = ("redis:7-bookworm", "envoyproxy/ratelimit:master")
AUDIT_LOG = "/var/log/nginx/modsec_audit.log"
SOON_S = 60


class Stack:
    """All services but those of the profile `limits`."""

    def __init__(self):
        self.command = [*compose_command(), "-f", str(COMPOSE / "docker-compose.yaml"), "-p", PROJECT]
        self.containers = {}
        self.environment = os.environ | dict(zip(PORTS, map(str, free_ports(3))))

    def compose(self, *arguments):
        return run(*self.command, *arguments, env=self.environment)

    def up(self):
        # What a run before this one left behind when it was ended by force.
        self.down()
        self.compose("--profile", "clients", "build")
        self.compose("--profile", "clients", "up", "-d")

    def limit(self, images):
        """The same with the profile `limits`, and Envoy told to ask."""
        for image in LIMITS:
            images.have(image)
        self.environment["LAYERPRINT_RATELIMIT"] = "100"
        self.compose("--profile", "clients", "--profile", "limits", "up", "-d", "--no-build")
        # Envoy is another container now.
        self.containers = {}
        self.wait_until_it_answers()

    def down(self):
        self.compose("--profile", "clients", "--profile", "limits", "down", "-v", "--remove-orphans", "--timeout", "3")

    def within(self, service, *command):
        """What this command says in a service's container, and its exit code."""
        if service not in self.containers:
            self.containers[service] = self.compose("ps", "-q", service).strip()
        # Not Compose's own `exec`, which takes docker-compose a second each time.
        exec_in = ["docker", "exec", self.containers[service]]
        done = subprocess.run([*exec_in, *command], capture_output=True, text=True, check=False)
        return done.stdout, done.returncode

    def curl(self, *arguments):
        """The status and the body of an answer to curl."""
        said, _ = self.within("clients", "curl", "-sk", "--max-time", "20", "-w", "\n%{http_code}", *arguments)
        body, _, status = said.rpartition("\n")
        return int(status or 0), body

    def browser(self, *arguments):
        """The same to a browser's TLS and HTTP/2."""
        said, code = self.within("clients", "python", "browser.py", *arguments)
        assert code == 0, said
        answer = json.loads(said)
        return answer["status"], answer["body"]

    def audited(self):
        """What ModSecurity wrote down of each transaction that it was to write down."""
        said, _ = self.within("waf", "cat", AUDIT_LOG)
        return [json.loads(line)["transaction"] for line in said.splitlines()]

    def prometheus(self, path, **query):
        """An answer of Prometheus's API."""
        port = self.environment["LAYERPRINT_PROMETHEUS_PORT"]
        url = f"http://127.0.0.1:{port}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        try:
            with urllib.request.urlopen(url, timeout=20) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{path} {query}: {error.read().decode()}") from error

    def query(self, expression):
        return self.prometheus("query", query=expression)["result"]

    def wait_until_it_answers(self):
        """Envoy to the application, and Prometheus to Envoy."""
        eventually(lambda: self.curl("https://envoy:8443/")[0] == 200, "Envoy and the application answer", self.state)
        up = lambda: [sample["value"][1] for sample in self.query("up")] == ["1"]
        eventually(lambda: is_so(up), "Prometheus asks Envoy", self.state)

    def state(self):
        return self.compose("ps") + self.compose("logs", "--tail", "30", *SERVICES)


def is_so(question):
    """Whether it is, where an answer that cannot be had yet says no."""
    try:
        return question()
    except (OSError, AssertionError):
        return False


def eventually(question, what, otherwise=lambda: ""):
    """Waits for it."""
    end = time.monotonic() + SOON_S
    while not question():
        if time.monotonic() > end:
            raise AssertionError(f"not within {SOON_S} s: {what}\n{otherwise()}")
        time.sleep(0.5)


def free_ports(n):
    """Ports that nobody has, all held at once so that each is another one."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(n)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports
