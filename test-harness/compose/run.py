"""`make compose-test`: starts envoy/compose on a real Docker engine, sends clients through, and looks at what the WAF, the application
and Prometheus have seen of them.

A machine that cannot says why, and that is a skip; under LAYERPRINT_REQUIRE=all it is a failure. Whatever happens, all of it is taken
down again. LAYERPRINT_KEEP=1 leaves it running, to be looked at.
"""

import fcntl
import os
import signal
import sys
import tempfile
import time
import unittest
from pathlib import Path

import scenarios
from engine import ROOT, BaseImages, CannotRun, run, say
from stack import Stack


def main():
    # Ended by a signal, it cleans up as after a failure. The handler of SIGINT raises the one exception that unittest lets pass.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    begun = time.monotonic()
    stack, images, lock = None, BaseImages(), None
    try:
        try:
            stack = Stack()
            lock = alone()
            images.have_all()
            run("make", "-s", "compose", cwd=ROOT)
        except CannotRun as why:
            return cannot_run(why)
        took("base images", begun)
        stack.up()
        stack.wait_until_it_answers()
        took("the stack answers", begun)
        scenarios.STACK, scenarios.IMAGES = stack, images
        load = unittest.defaultTestLoader.loadTestsFromTestCase
        result = unittest.TextTestRunner(verbosity=2).run(unittest.TestSuite(map(load, scenarios.IN_ORDER)))
        took("tests", begun)
        failed = len(result.failures) + len(result.errors)
        print(f"{result.testsRun - failed} passed, {failed} failed, {len(result.skipped)} skipped")
        return 1 if failed else 0
    finally:
        if os.environ.get("LAYERPRINT_KEEP") != "1":
            if lock:
                stack.down()
                images.give_back()
                took("taken down", begun)


def alone():
    """Waits for whoever else tests on this machine: the stack has one name, and so have stand-ins. Holds as long as what is returned."""
    lock = open(Path(tempfile.gettempdir()) / "layerprint-compose-test.lock", "w", encoding="ascii")
    fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


def cannot_run(why):
    if os.environ.get("LAYERPRINT_REQUIRE") == "all":
        say(f"compose-test may not be skipped (LAYERPRINT_REQUIRE=all): {why}")
        return 1
    say(f"SKIP compose-test: {why}")
    return 0


def took(what, begun):
    say(f"{time.monotonic() - begun:6.1f} s: {what}")


if __name__ == "__main__":
    sys.exit(main())
