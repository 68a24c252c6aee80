#!/usr/bin/env python3
"""Puts the module into images that Istio, Envoy Gateway and Kubernetes take, without a registry or a container engine.

usage: build.py [--module FILE] [--into DIRECTORY] [--version VERSION] [--architecture ARCHITECTURE]

Two layouts are in use (https://github.com/solo-io/wasm/tree/master/spec), and both are written, as the folders and archives that
skopeo, oras and Docker read:

  DIRECTORY/compat           OCI layout of the "compat" image: a single layer, a tar.gz with plugin.wasm in it
  DIRECTORY/artifact         OCI layout of the "oci" artifact: two layers, the runtime's configuration and the bare module
  DIRECTORY/compat.docker.tar  the compat image as `docker load` takes it; what Docker pushes then has Docker's media types

The same module gives the same bytes, and so the same digest: no time and no user gets in. The digests are printed.
"""

import argparse
import gzip
import hashlib
import io
import json
import pathlib
import re
import shutil
import tarfile

ROOT = pathlib.Path(__file__).resolve().parents[2]

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
TAR_GZIP = "application/vnd.oci.image.layer.v1.tar+gzip"
EMPTY = "application/vnd.oci.empty.v1+json"
WASM_CONFIG = "application/vnd.module.wasm.config.v1+json"
WASM_CONTENT = "application/vnd.module.wasm.content.layer.v1+wasm"

# What every image says of its age: nothing.
CREATED = "1970-01-01T00:00:00Z"
TITLE = "org.opencontainers.image.title"


def main():
    options = arguments()
    module = options.module.read_bytes()
    if not module.startswith(b"\0asm"):
        raise SystemExit(f"{options.module} is no WebAssembly module")
    # What a host can know of the module without running it; Istio and Envoy Gateway do not read it.
    runtime = canonical({
        "type": "envoy_proxy",
        "abiVersions": ["v0-2-1"],
        "config": {"root_ids": ["connection", "request"]},
    })
    layer = archive({"plugin.wasm": module, "runtime-config.json": runtime})
    packed = gzip.compress(layer, mtime=0)
    config = canonical({
        "created": CREATED,
        "architecture": options.architecture,
        "os": "linux",
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": [digest(layer)]},
        "history": [{"created": CREATED, "created_by": "envoy/image/build.py"}],
    })

    labels = {
        "org.opencontainers.image.licenses": "Apache-2.0",
        "org.opencontainers.image.title": "layerprint",
        "org.opencontainers.image.version": options.version,
    }
    compat = Layout(options.into / "compat")
    compat.finish(options.version, {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": compat.add(CONFIG, config),
        "layers": [compat.add(TAR_GZIP, packed)],
        # By this the specification knows the variant.
        "annotations": {"module.wasm.image/variant": "compat", **labels},
    })
    artifact = Layout(options.into / "artifact")
    artifact.finish(options.version, {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "artifactType": WASM_CONFIG,
        "config": artifact.add(EMPTY, b"{}"),
        # Exactly two, or Istio refuses it.
        "layers": [
            artifact.add(WASM_CONFIG, runtime, {TITLE: "runtime-config.json"}),
            artifact.add(WASM_CONTENT, module, {TITLE: "plugin.wasm"}),
        ],
        "annotations": labels,
    })
    docker = archive({
        "config.json": config,
        "layer.tar": layer,
        "manifest.json": canonical([
            {"Config": "config.json", "RepoTags": [f"layerprint:{options.version}"], "Layers": ["layer.tar"]}
        ]),
    })
    (options.into / "compat.docker.tar").write_bytes(docker)
    print(f"module    sha256:{hashlib.sha256(module).hexdigest()}  {options.module}")
    print(f"compat    {compat.manifest}  {options.into / 'compat'}, compat.docker.tar")
    print(f"artifact  {artifact.manifest}  {options.into / 'artifact'}")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--module", type=pathlib.Path, default=ROOT / "target/wasm32-wasip1/release/layerprint.wasm")
    parser.add_argument("--into", type=pathlib.Path, default=ROOT / "target/image")
    parser.add_argument("--version", default=version())
    # The module runs on all; engines that mount or load an image want to see their own.
    parser.add_argument("--architecture", default="amd64")
    return parser.parse_args()


def version():
    found = re.search(r'^version = "([^"]+)"', (ROOT / "Cargo.toml").read_text(encoding="utf-8"), re.MULTILINE)
    return found.group(1) if found else "0"


class Layout:
    """An OCI image layout: blobs by their digest, and an index with one manifest."""

    def __init__(self, directory):
        shutil.rmtree(directory, ignore_errors=True)
        (directory / "blobs/sha256").mkdir(parents=True)
        self.directory = directory
        self.manifest = ""

    def add(self, media_type, content, annotations=None):
        """Its descriptor."""
        (self.directory / "blobs" / digest(content).replace(":", "/")).write_bytes(content)
        descriptor = {"mediaType": media_type, "digest": digest(content), "size": len(content)}
        return {**descriptor, "annotations": annotations} if annotations else descriptor

    def finish(self, tag, manifest):
        descriptor = self.add(MANIFEST, canonical(manifest), {"org.opencontainers.image.ref.name": tag})
        self.manifest = descriptor["digest"]
        index = {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "manifests": [descriptor],
        }
        (self.directory / "index.json").write_bytes(canonical(index))
        (self.directory / "oci-layout").write_bytes(canonical({"imageLayoutVersion": "1.0.0"}))


def archive(files):
    """A tar of these files, owned by root and of no age."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, content in sorted(files.items()):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            entry.mode = 0o644
            tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def canonical(value):
    return json.dumps(value, separators=(",", ":")).encode()


def digest(content):
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


if __name__ == "__main__":
    main()
