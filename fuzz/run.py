#!/usr/bin/env python3
"""Runs fuzz targets one after the other and says what each did: `make fuzz` is this.

    python3 fuzz/run.py SECONDS [TARGET ...]

Needs cargo-fuzz and a C++ compiler. The sanitizer wants a nightly compiler; RUSTC_BOOTSTRAP makes the pinned one do. Exits 1
when a target found something: the input is then in fuzz/artifacts/TARGET, and fails again with `cargo fuzz run TARGET INPUT`.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import seeds

HERE = Path(__file__).resolve().parent
ENVIRONMENT = {**os.environ, "RUSTC_BOOTSTRAP": "1"}
# The longest input, in bytes. Bounds of 64 KiB are met by the invariants themselves, which repeat their input.
LONGEST = {"pcap": 16_384}


def cargo_fuzz(*arguments, **options):
    command = ["cargo", "fuzz", *arguments]
    return subprocess.run(command, cwd=HERE, env=ENVIRONMENT, text=True, errors="replace", **options)


def run(target, seconds):
    """Whether `target` found nothing."""
    limits = [f"-max_total_time={seconds}", f"-max_len={LONGEST.get(target, 4_096)}", "-timeout=10", "-rss_limit_mb=2048"]
    dictionary = HERE / "dictionaries" / f"{target}.dict"
    if dictionary.exists():
        limits.append(f"-dict={dictionary}")
    begun = time.monotonic()
    result = cargo_fuzz("run", target, "--", *limits, "-print_final_stats=1", capture_output=True)
    log = result.stderr
    took = time.monotonic() - begun
    executions = re.findall(r"^(?:#|stat::number_of_executed_units: )(\d+)", log, re.MULTILINE)
    coverage = re.findall(r" cov: (\d+) ft: (\d+)", log)
    count = int(executions[-1]) if executions else 0
    edges, features = coverage[-1] if coverage else ("0", "0")
    found = re.findall(r"Test unit written to (\S+)", log)
    outcome = "nothing found" if result.returncode == 0 else f"FOUND {' '.join(found) or 'a failure'}"
    print(f"{target:14} {count:>11,} executions in {took:4.0f} s, coverage {edges}/{features}: {outcome}", flush=True)
    if result.returncode != 0:
        lines = log.splitlines()
        why = next((n for n, line in enumerate(lines) if "panicked at" in line or "ERROR:" in line), len(lines) - 12)
        print("\n".join(lines[max(why, 0) :][:12]))
    return result.returncode == 0


def main():
    if len(sys.argv) < 2 or not sys.argv[1].isdigit():
        sys.exit(__doc__)
    seconds, targets = int(sys.argv[1]), sys.argv[2:]
    if not shutil.which("c++"):
        sys.exit("fuzz: libFuzzer is C++ and there is no compiler for it; on Debian and Ubuntu: apt-get install g++")
    if not targets:
        targets = cargo_fuzz("list", stdout=subprocess.PIPE, check=True).stdout.split()
    print("building the fuzz targets with the address sanitizer (the first time takes minutes)", flush=True)
    built = cargo_fuzz("build", stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if built.returncode != 0:
        sys.exit(built.stdout)
    seeds.write_all()
    clean = [run(target, seconds) for target in targets]
    sys.exit(0 if all(clean) else 1)


if __name__ == "__main__":
    main()
