//! The module as an image, as Istio, Envoy Gateway and Kubernetes pull it: built without a registry, read back by skopeo and by a
//! Docker engine, which know nothing of how we build it.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as tests do: by panicking"
)]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use layerprint_harness::availability::{Availability, require_or_skip, skip};
use layerprint_harness::repo;
use serde_json::{Value, json};

/// Any module does: these are about what is around it.
const MODULE: &[u8] = b"\0asm\x01\0\0\0";

/// A folder of images that goes away.
struct Images {
    directory: PathBuf,
    version: String,
    said: String,
}

impl Images {
    fn build(test: &str) -> Self {
        let directory = repo::run_directory().join(format!("image-{test}-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let module = directory.join("layerprint.wasm");
        fs::write(&module, MODULE).unwrap();
        // A tag of its own: the Docker engine may be shared.
        let version = format!("test-{test}-{}", std::process::id());
        let mut build = Command::new("python3");
        build.arg(repo::root().join("envoy/image/build.py"));
        build.args(["--version", &version]).arg("--module").arg(&module);
        let said = run(build.arg("--into").arg(&directory));
        Self {
            directory,
            version,
            said,
        }
    }

    fn reference(&self, layout: &str) -> String {
        format!("oci:{}:{}", self.directory.join(layout).display(), self.version)
    }

    fn archive(&self) -> String {
        format!("docker-archive:{}", self.directory.join("compat.docker.tar").display())
    }

    /// What skopeo copies from there: the manifest, and a folder with the blobs by their digests.
    fn copy(&self, reference: &str) -> (Value, PathBuf) {
        let into = self.directory.join("copy");
        let _ = fs::remove_dir_all(&into);
        run(Command::new("skopeo")
            .args(["copy", "-q", "--insecure-policy", reference])
            .arg(format!("dir:{}", into.display())));
        let manifest = fs::read(into.join("manifest.json")).unwrap();
        (serde_json::from_slice(&manifest).unwrap(), into)
    }
}

impl Drop for Images {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let _ = fs::remove_dir_all(&self.directory);
        }
    }
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {error}");
    String::from_utf8(output.stdout).unwrap()
}

fn works(program: &str, argument: &str) -> Availability {
    let tried = Command::new(program).arg(argument).output();
    if tried.is_ok_and(|output| output.status.success()) {
        return Availability::Here;
    }
    Availability::missing(format!("`{program} {argument}` does not work here"))
}

fn needs() -> [Availability; 2] {
    [works("python3", "--version"), works("skopeo", "--version")]
}

/// The file of this blob; skopeo has checked its digest.
fn blob(copy: &Path, descriptor: &Value) -> Vec<u8> {
    let digest = descriptor["digest"].as_str().unwrap();
    fs::read(copy.join(digest.trim_start_matches("sha256:"))).unwrap()
}

/// The files of a layer. tar is asked, which reads what is packed by gzip and what is not.
fn in_layer(layer: &[u8], file: &str) -> Vec<u8> {
    let unpacked = if layer.starts_with(&[0x1f, 0x8b]) {
        piped(Command::new("gzip").arg("-dc"), layer)
    } else {
        layer.to_vec()
    };
    piped(Command::new("tar").args(["-xO", file]), &unpacked)
}

fn piped(command: &mut Command, input: &[u8]) -> Vec<u8> {
    let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    process.stdin.take().unwrap().write_all(input).unwrap();
    let output = process.wait_with_output().unwrap();
    assert!(output.status.success(), "{command:?}");
    output.stdout
}

#[test]
fn the_compat_image_has_one_layer_with_the_module_where_istio_looks_for_it() {
    let test = "the_compat_image_has_one_layer_with_the_module_where_istio_looks_for_it";
    if !require_or_skip(test, needs()) {
        return;
    }
    let images = Images::build("compat");
    let (manifest, copy) = images.copy(&images.reference("compat"));
    assert_eq!(manifest["annotations"]["module.wasm.image/variant"], "compat");
    let layers = manifest["layers"].as_array().unwrap();
    assert_eq!(layers.len(), 1);
    assert_eq!(layers[0]["mediaType"], "application/vnd.oci.image.layer.v1.tar+gzip");
    assert_eq!(in_layer(&blob(&copy, &layers[0]), "plugin.wasm"), MODULE);

    // What skopeo makes of the configuration, which an engine reads before it mounts the image.
    let seen: Value = serde_json::from_str(&run(
        Command::new("skopeo").args(["inspect", &images.reference("compat")])
    ))
    .unwrap();
    assert_eq!((&seen["Os"], &seen["Architecture"]), (&json!("linux"), &json!("amd64")));
    assert_eq!(
        seen["Created"], "1970-01-01T00:00:00Z",
        "the time of the build would change the digest"
    );
}

#[test]
fn the_artifact_has_two_layers_the_configuration_and_the_bare_module() {
    let test = "the_artifact_has_two_layers_the_configuration_and_the_bare_module";
    if !require_or_skip(test, needs()) {
        return;
    }
    let images = Images::build("artifact");
    let (manifest, copy) = images.copy(&images.reference("artifact"));
    let layers = manifest["layers"].as_array().unwrap();
    let types: Vec<&str> = layers.iter().filter_map(|layer| layer["mediaType"].as_str()).collect();
    assert_eq!(
        types,
        [
            "application/vnd.module.wasm.config.v1+json",
            "application/vnd.module.wasm.content.layer.v1+wasm"
        ]
    );
    assert_eq!(blob(&copy, &layers[1]), MODULE);
    let runtime: Value = serde_json::from_slice(&blob(&copy, &layers[0])).unwrap();
    assert_eq!(runtime["type"], "envoy_proxy");
    assert_eq!(runtime["config"]["root_ids"], json!(["connection", "request"]));
}

#[test]
fn what_docker_would_push_has_dockers_media_types_and_one_layer() {
    let test = "what_docker_would_push_has_dockers_media_types_and_one_layer";
    if !require_or_skip(test, needs()) {
        return;
    }
    let images = Images::build("archive");
    let (manifest, copy) = images.copy(&images.archive());
    assert_eq!(
        manifest["mediaType"],
        "application/vnd.docker.distribution.manifest.v2+json"
    );
    let layers = manifest["layers"].as_array().unwrap();
    assert_eq!(layers.len(), 1);
    assert_eq!(
        layers[0]["mediaType"],
        "application/vnd.docker.image.rootfs.diff.tar.gzip"
    );
    assert_eq!(in_layer(&blob(&copy, &layers[0]), "plugin.wasm"), MODULE);
}

#[test]
fn the_same_module_gives_the_same_digest() {
    let test = "the_same_module_gives_the_same_digest";
    if !require_or_skip(test, [works("python3", "--version")]) {
        return;
    }
    let images = Images::build("twice");
    let first = images.said.clone();
    let archive = fs::read(images.directory.join("compat.docker.tar")).unwrap();
    assert_eq!(first.matches("sha256:").count(), 3, "{first}");
    let again = Images::build("twice");
    assert_eq!(again.said, first);
    assert_eq!(fs::read(again.directory.join("compat.docker.tar")).unwrap(), archive);
}

#[test]
fn what_is_no_module_is_refused() {
    let test = "what_is_no_module_is_refused";
    if !require_or_skip(test, [works("python3", "--version")]) {
        return;
    }
    let mut build = Command::new("python3");
    build.arg(repo::root().join("envoy/image/build.py"));
    build.arg("--module").arg(repo::root().join("Cargo.toml"));
    let output = build.output().unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("is no WebAssembly module"), "{said}");
}

#[test]
fn a_docker_engine_loads_it() {
    let test = "a_docker_engine_loads_it";
    if let Availability::Missing(why) = works("docker", "info") {
        // skopeo has read the same archive above: an engine is not asked of every machine.
        return skip(test, &why);
    }
    let images = Images::build("docker");
    let image = format!("layerprint:{}", images.version);
    run(Command::new("docker")
        .args(["load", "-q", "-i"])
        .arg(images.directory.join("compat.docker.tar")));
    // It is never started, so the command is not looked for.
    let container = run(Command::new("docker").args(["create", &image, "none"]));
    let container = container.trim();
    let into = images.directory.join("out.wasm");
    run(Command::new("docker")
        .arg("cp")
        .arg(format!("{container}:/plugin.wasm"))
        .arg(&into));
    run(Command::new("docker").args(["rm", container]));
    run(Command::new("docker").args(["rmi", &image]));
    assert_eq!(fs::read(into).unwrap(), MODULE);
}
