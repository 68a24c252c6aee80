"""Says of each request whether its annotations are from our Envoy, by their signature (RFC 9421, hmac-sha256).

    verify.py            a service on port 8000 that nginx asks by auth_request, with X-Original-Method and X-Original-Uri
    verify.py --stdin    a program: [{"method", "path", "headers": [[name, value], ...]}, ...] in as JSON, a line for each out

The answer is one of `verified;keyid="..."`, `none` where there are neither annotations nor a signature of ours, and `refused;why="..."`.
It is for whoever asks to do something about it.

LAYERPRINT_SIGNATURE_KEYS are KEYID=FILE pairs, with a space between two: while keys change, both are believed. Each file has a key as
base64. LAYERPRINT_SIGNATURE_MAX_AGE_S is for how long a signature is believed (60): as long, one that was seen on the way can be sent
again with the same request.
"""

import base64
import http.client
import json
import os
import re
import sys
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import http_sf
from http_message_signatures import HTTPMessageVerifier, MappingKeyResolver, algorithms

LABEL = TAG = "layerprint"
# Servers that make variables of headers do not tell - from _.
ANNOTATION = re.compile(r"x[-_]layerprint[-_]", re.IGNORECASE)
# What has to be covered, beside each annotation that is there, so that a signature is good for this request alone.
REQUIRED = ("@method", "@authority", "@path", "@query")
FIELDS = ("signature-input", "signature")


class Headers(list):
    """Pairs of name and value, each line one, as the library wants them."""

    def items(self):
        return iter(self)


class Components:
    """What is covered, of a request as it reached the server: the library's own wants a URL without mistakes, which clients need not send."""

    def __init__(self, message):
        self.message = message
        path, question_mark, query = message.target.partition("?")
        default = ":443" if message.scheme == "https" else ":80"
        self.derived = {
            "@method": message.method,
            "@authority": re.sub(rf"(:|{default})$", "", self.first("host") or "").lower(),
            "@scheme": message.scheme,
            "@path": path or "/",
            "@query": "?" + query,
        }

    def first(self, name):
        return next(self.values(name), None)

    def values(self, name):
        return (value.strip(" \t") for found, value in self.message.headers if found.lower() == name)

    def resolve(self, component):
        name, parameters = str(component.value), dict(component.params)
        if name in self.derived and not parameters:
            # A URI has no spaces and nothing beyond ASCII.
            return re.sub(r"[^!-~]", lambda odd: f"%{ord(odd[0]):02X}", self.derived[name])
        values = list(self.values(name))
        if name.startswith("@") or not values or parameters not in ({}, {"bs": True}):
            raise ValueError(f"{component} is not there")
        if parameters:
            return ", ".join(f":{base64.b64encode(value.encode('latin-1')).decode()}:" for value in values)
        return ", ".join(values)


class Verifier:
    """Who believes these keys, by their ids."""

    def __init__(self, keys, max_age_s):
        resolver = MappingKeyResolver(public_keys=keys, private_keys={})
        self.max_age = timedelta(seconds=max_age_s)
        self.library = HTTPMessageVerifier(
            signature_algorithm=algorithms.HMAC_SHA256, key_resolver=resolver, component_resolver_class=Components
        )

    @classmethod
    def from_environment(cls):
        keys = (pair.partition("=") for pair in os.environ["LAYERPRINT_SIGNATURE_KEYS"].split())
        keys = {keyid: base64.b64decode(Path(file).read_text(encoding="ascii")) for keyid, _, file in keys}
        return cls(keys, float(os.environ.get("LAYERPRINT_SIGNATURE_MAX_AGE_S", "60")))

    def answer(self, method, target, headers):
        """What is to be said of a request: its headers are pairs, their values bytes as Latin-1."""
        try:
            keyid = self.verify(method, target, headers)
        except Exception as why:  # Whatever it is, it was not verified.
            return "refused;why=" + quoted(str(why) or type(why).__name__)
        return "none" if keyid is None else "verified;keyid=" + quoted(keyid)

    def verify(self, method, target, headers):
        """The id of the key that has signed the annotations; None where there are none."""
        annotations = {name.lower() for name, _ in headers if ANNOTATION.match(name)}
        signed = [(name, ours(name, headers)) for name in FIELDS]
        signed = Headers((name, value) for name, value in signed if value)
        if not annotations and not signed:
            return None
        if not signed:
            raise ValueError("annotations without a signature")
        others = ((name, value) for name, value in headers if name.lower() not in FIELDS)
        scheme = next((value for name, value in headers if name.lower() == "x-forwarded-proto"), "http").lower()
        message = SimpleNamespace(method=method, target=target, scheme=scheme, headers=Headers([*others, *signed]))
        # An annotation that is there has to be covered too: one that was added would else be believed with the others.
        required = (*REQUIRED, *sorted(annotations))
        [result] = self.library.verify(
            message, max_age=self.max_age, expect_tag=TAG, expect_label=LABEL, require_components=required
        )
        return result.parameters["keyid"]


def ours(field, headers):
    """The part of the dictionary in this field that is under our label, alone: what others signed is theirs."""
    value = ", ".join(value for name, value in headers if name.lower() == field)
    if not value:
        return None
    members = http_sf.parse(value.encode("latin-1"), tltype="dictionary")
    return http_sf.ser({LABEL: members[LABEL]}) if LABEL in members else None


def quoted(text):
    return '"' + re.sub(r'[^ !#-\[\]-~]', "'", text)[:200] + '"'


class Service(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    verifier = None

    def do_GET(self):
        headers = self.headers.items()
        asked = {name.lower(): value for name, value in headers if name.lower().startswith("x-original-")}
        headers = [pair for pair in headers if pair[0].lower() not in asked]
        answer = self.verifier.answer(asked["x-original-method"], asked["x-original-uri"], headers)
        if answer.startswith("refused"):
            print(answer, asked["x-original-method"], asked["x-original-uri"], flush=True)
        self.send_response(204)
        self.send_header("x-signature", answer)
        self.end_headers()

    def log_message(self, *_):
        """Only what is refused is written down."""


def main():
    verifier = Verifier.from_environment()
    if sys.argv[1:] == ["--stdin"]:
        as_latin_1 = lambda text: text.encode().decode("latin-1")
        for one in json.load(sys.stdin):
            headers = [(name, as_latin_1(value)) for name, value in one["headers"]]
            print(verifier.answer(one["method"], as_latin_1(one["path"]), headers))
        return
    # As many headers as nginx lets through; the library's own bound is 100.
    http.client._MAXHEADERS = 1_000
    Service.verifier = verifier
    ThreadingHTTPServer(("", 8000), Service).serve_forever()


if __name__ == "__main__":
    main()
