#!/usr/bin/env python3
"""Writes the corpus that every fuzz target starts from: what was recorded from real clients, and what the tests made up.

    python3 fuzz/seeds.py

Each seed is a file in fuzz/corpus/TARGET, named by its digest, beside what the fuzzer found there before. Needs nothing but
Python's own library.
"""

import hashlib
from pathlib import Path

HERE = Path(__file__).resolve().parent
TESTS = HERE.parent / "tests"
# In the order of NAMES in src/evidence/claims/invariants.rs: a line's first byte says which header it is.
CLAIMS = (
    "user-agent sec-ch-ua sec-ch-ua-mobile sec-ch-ua-platform sec-ch-ua-full-version-list sec-ch-ua-platform-version "
    "sec-ch-ua-arch sec-ch-ua-bitness sec-ch-ua-model sec-ch-ua-form-factors"
).split()


def write(target, seeds):
    folder = HERE / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    seeds = list(seeds)
    assert seeds, f"no seeds for {target}"
    for seed in seeds:
        (folder / hashlib.sha1(seed).hexdigest()).write_bytes(seed)


def rows(name):
    lines = (TESTS / "data" / name).read_text().splitlines()
    return [line.split("\t") for line in lines if line and not line.startswith("#")]


def claims():
    """Each User-Agent alone; then the headers of each client, a line each."""
    yield from (row[-1].encode() for row in rows("user_agents.tsv"))
    clients = {}
    for client, name, value in rows("recorded_claims.tsv"):
        if name in CLAIMS:
            clients.setdefault(client, []).append(bytes([60 + CLAIMS.index(name)]) + value.encode())
            yield value.encode()
    yield from (b"\n".join(lines) for lines in clients.values())


def challenges():
    """A paragraph each; see fuzz/invariants/challenge.rs."""
    text = (TESTS / "fixtures/challenge.txt").read_text()
    yield from (paragraph.strip("\n").replace("\n|", "\n").removeprefix("|").encode() for paragraph in text.split("\n\n"))


def hex_of(folder):
    """The .hex files there; # begins a comment line."""
    for file in sorted((TESTS / "fixtures" / folder).glob("*.hex")):
        yield bytes.fromhex("".join(line for line in file.read_text().splitlines() if not line.startswith("#")))


def bytes_of(folder, *suffixes):
    return [file.read_bytes() for file in sorted(folder.iterdir()) if file.suffix in suffixes]


def write_all():
    openings = list(hex_of("openings"))
    write("answer", (TESTS / "fixtures/accept.txt").read_bytes().splitlines())
    write("challenge", challenges())
    write("claims", claims())
    write("client_hello", bytes_of(TESTS / "fixtures/tls", ".bin"))
    write("config", [*bytes_of(TESTS / "fixtures/config", ".json"), *hex_of("config")])
    write("field_map", [b"\2\0\0\0\5\0\0\0\1\0\0\0\6\0\0\0\4\0\0\0:path\0/\0cookie\0a=\xff\0\0"])
    write("forwarded", (TESTS / "fixtures/forwarded.txt").read_bytes().splitlines())
    write("handover", (TESTS / "fixtures/handover.txt").read_bytes().splitlines())
    write("http1_head", (opening for opening in openings if not opening.startswith(b"PRI * ")))
    write("http2_opening", (opening for opening in openings if opening.startswith(b"PRI * ")))
    write("memory", (TESTS / "fixtures/memory.txt").read_bytes().splitlines())
    write("opening", [*openings, *bytes_of(TESTS / "fixtures/tls", ".bin")])
    write("pcap", bytes_of(HERE.parent / "test-harness/tests/fixtures/pcap", ".pcap", ".pcapng"))
    write("signatures", (TESTS / "fixtures/signatures.txt").read_bytes().splitlines())
    write("source_address", (TESTS / "fixtures/source_addresses.txt").read_bytes().splitlines())
    write("syn", hex_of("syn"))


if __name__ == "__main__":
    write_all()
