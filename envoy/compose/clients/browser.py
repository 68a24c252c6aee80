"""Chrome's TLS and HTTP/2 from a Linux machine, which says so, or claims Windows.

usage: browser.py [--claim linux|windows] [--header 'NAME: VALUE']... [METHOD] URL [NAME=VALUE]...

NAME=VALUE are the fields of a form. Prints the answer: {"status": 200, "body": "..."}.
"""

import argparse
import base64
import hashlib
import json
import re
from urllib.parse import urlencode, urlsplit

from curl_cffi import requests

TARGET, VERSION = "chrome131", "131.0.0.0"
CLAIMS = {
    "linux": ("X11; Linux x86_64", '"Linux"'),
    "windows": ("Windows NT 10.0; Win64; x64", '"Windows"'),
}
CHALLENGE = "/.layerprint/challenge"


def agent(claim):
    return f"Mozilla/5.0 ({CLAIMS[claim][0]}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{VERSION} Safari/537.36"


class Browser:
    """One that keeps its connections and cookies."""

    def __init__(self, claim="linux"):
        self.session = requests.Session(impersonate=TARGET, verify=False, timeout=20, allow_redirects=False)
        self.headers = {"user-agent": agent(claim), "sec-ch-ua-platform": CLAIMS[claim][1]}

    def ask(self, url, method="GET", form=None, headers=None):
        more = dict(headers or {})
        if form:
            parts = urlsplit(url)
            more |= {"content-type": "application/x-www-form-urlencoded", "origin": f"{parts.scheme}://{parts.netloc}"}
        body = urlencode(form) if form else None
        return self.session.request(method, url, headers=self.headers | more, data=body)

    def answer_challenge(self, url, page, is_right=True):
        """Does the work that the page asks for, or answers without; the status. With the right answer comes a cookie."""
        token, difficulty = (re.search(f' {name}="([^"]*)"', page).group(1) for name in ("data-token", "data-difficulty"))
        numbers = work(token, int(difficulty)) if is_right else [0] * 16
        letters = base64.urlsafe_b64encode(b"".join(n.to_bytes(4, "big") for n in numbers)).decode().rstrip("=")
        parts = urlsplit(url)
        answer = {"layerprint-answer": f"{token}~{letters}", "sec-fetch-dest": "empty", "sec-fetch-mode": "cors"}
        return self.ask(f"{parts.scheme}://{parts.netloc}{CHALLENGE}", "POST", headers=answer).status_code


def work(token, difficulty):
    """For each of 16 parts a number whose hash begins with difficulty - 4 zero bits; src/challenge/work.rs has the rule."""
    seed = hashlib.sha256(token.encode()).digest()
    bound = 1 << (256 - (difficulty - 4))
    numbers = []
    for part in range(16):
        head = hashlib.sha256(seed + part.to_bytes(4, "big"))
        n = 0
        while True:
            tried = head.copy()
            tried.update(n.to_bytes(4, "big"))
            if int.from_bytes(tried.digest(), "big") < bound:
                break
            n += 1
        numbers.append(n)
    return numbers


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--claim", choices=CLAIMS, default="linux")
    parser.add_argument("--header", action="append", default=[])
    parser.add_argument("words", nargs="+")
    options = parser.parse_args()
    method = "GET" if "://" in options.words[0] else options.words.pop(0)
    url, *fields = options.words
    form = dict(field.split("=", 1) for field in fields)
    answer = Browser(options.claim).ask(url, method, form, dict(line.split(": ", 1) for line in options.header))
    print(json.dumps({"status": answer.status_code, "body": answer.text}))


if __name__ == "__main__":
    main()
