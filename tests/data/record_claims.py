#!/usr/bin/env python3
"""Records what clients claim to be: User-Agent and Client Hints, as each sends them by default to a server on this machine.

    python3 -m venv venv && venv/bin/pip install curl_cffi==0.16.3 requests httpx aiohttp
    venv/bin/python tests/data/record_claims.py > tests/data/recorded_claims.tsv

One line a header: client, name in lower case, value. The client is `curl_cffi:TARGET` for each of curl_cffi's targets, else
the program and its version; programs that are not installed are left out and named on standard error. A client that sends
no User-Agent has one line with an empty name. Chromium is asked for all hints (Accept-CH) and its second request is taken.
"""

import asyncio
import http.server
import os
import shutil
import subprocess
import sys
import tempfile
import threading

HINTS = [
    "sec-ch-ua", "sec-ch-ua-mobile", "sec-ch-ua-platform", "sec-ch-ua-full-version-list", "sec-ch-ua-platform-version",
    "sec-ch-ua-arch", "sec-ch-ua-bitness", "sec-ch-ua-model", "sec-ch-ua-form-factors", "sec-ch-ua-wow64",
    "sec-ch-ua-full-version",
]
heard = {}


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        key = self.path.split("?")[0]
        heard[key] = [(n.lower(), v) for n, v in self.headers.items() if n.lower() == "user-agent" or n.lower() in HINTS]
        second = self.path.endswith("?2")
        body = b"<p>done</p>" if second else f"<script>location='{key}?2'</script>".encode()
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.send_header("accept-ch", ", ".join(HINTS))
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def say(client, path):
    headers = heard.get(path)
    if headers is None:
        print(f"{client}: no request came", file=sys.stderr)
        return
    for name, value in headers or [("", "")]:
        assert "\t" not in value
        print(client, name, value, sep="\t")


def version(*command):
    out = subprocess.run(command, capture_output=True, text=True)
    words = (out.stdout or out.stderr).replace('"', " ").replace("go1", "1").split()
    return next(word for word in words if word[0].isdigit() or word[0] == "v" and word[1:2].isdigit()).lstrip("v").rstrip(",")


def run(client, program, *command, base, env=None):
    if not shutil.which(program):
        print(f"{client}: {program} is not installed", file=sys.stderr)
        return
    path = "/" + client.replace(" ", "-")
    command = [part.replace("URL", base + path) for part in command]
    with tempfile.TemporaryDirectory() as scratch:
        command = [part.replace("SCRATCH", scratch) for part in command]
        try:
            subprocess.run(command, timeout=60, capture_output=True, cwd=scratch, env={**os.environ, **(env or {}), "HOME": scratch})
        except subprocess.TimeoutExpired:
            pass
    return path


JAVA = """import java.net.*; import java.net.http.*;
class R { public static void main(String[] a) throws Exception {
 if (a[0].equals("new")) HttpClient.newHttpClient().send(HttpRequest.newBuilder(URI.create(a[1])).build(), HttpResponse.BodyHandlers.ofString());
 else new URL(a[1]).openStream().readAllBytes(); } }"""
GO = 'package main\nimport ("net/http";"os")\nfunc main() { http.Get(os.Args[1]) }\n'
NODE_FETCH = "fetch(process.argv[1]).then(r => r.text())"
NODE_HTTP = "require('http').get(process.argv[1], r => r.resume())"


def main():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_port}"

    import aiohttp
    import curl_cffi
    import httpx
    import requests
    from curl_cffi.requests import BrowserType

    for target in BrowserType:
        curl_cffi.get(f"{base}/{target.value}", impersonate=target.value)
        say(f"curl_cffi:{target.value}", f"/{target.value}")

    requests.get(f"{base}/requests")
    say(f"requests {requests.__version__}", "/requests")
    httpx.get(f"{base}/httpx")
    say(f"httpx {httpx.__version__}", "/httpx")
    import urllib.request
    urllib.request.urlopen(f"{base}/urllib").read()
    say(f"urllib {sys.version.split()[0]}", "/urllib")

    async def get():
        async with aiohttp.ClientSession() as session:
            await (await session.get(f"{base}/aiohttp")).text()
    asyncio.run(get())
    say(f"aiohttp {aiohttp.__version__}", "/aiohttp")

    with tempfile.TemporaryDirectory() as sources:
        def write(name, text):
            with open(os.path.join(sources, name), "w") as file:
                file.write(text)
            return os.path.join(sources, name)
        java, go = write("R.java", JAVA), write("r.go", GO)
        clients = [
            ("curl", "curl", ["curl", "-s", "URL"], ["curl", "--version"]),
            ("wget", "wget", ["wget", "-qO-", "URL"], ["wget", "--version"]),
            ("node fetch", "node", ["node", "-e", NODE_FETCH, "URL"], ["node", "--version"]),
            ("node http", "node", ["node", "-e", NODE_HTTP, "URL"], ["node", "--version"]),
            ("java HttpClient", "java", ["java", java, "new", "URL"], ["java", "-version"]),
            ("java URLConnection", "java", ["java", java, "old", "URL"], ["java", "-version"]),
            ("go", "go", ["go", "run", go, "URL"], ["go", "version"]),
            ("git", "git", ["git", "clone", "URL", "SCRATCH/x"], ["git", "--version"]),
            ("chromium headless", "chromium", ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu",
                "--user-data-dir=SCRATCH/p", "--virtual-time-budget=4000", "--dump-dom", "URL"], ["chromium", "--version"]),
            ("firefox headless", "firefox", ["timeout", "20", "firefox", "--headless", "--profile", "SCRATCH",
                "--screenshot", "SCRATCH/x.png", "URL"], ["firefox", "--version"]),
        ]
        for client, program, command, version_of in clients:
            if path := run(client, program, *command, base=base):
                heard.update({path: value for key, value in list(heard.items()) if key.startswith(path + "/")})
                say(f"{client} {version(*version_of)}", path)


if __name__ == "__main__":
    main()
