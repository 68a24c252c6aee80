//! The page beside the files: it names each of them, and every file that it names is there.

use std::fs;

use layerprint_harness::repo;

#[test]
fn the_page_names_every_file_and_every_file_it_names_is_there() {
    let folder = repo::root().join("envoy/layer4");
    let page = fs::read_to_string(folder.join("README.md")).unwrap();
    for entry in fs::read_dir(&folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(
            name == "README.md" || page.contains(&format!("({name})")),
            "{name} is not linked"
        );
    }
    let targets = page.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    for (target, _) in targets.filter(|(target, _)| !target.starts_with("https://")) {
        assert!(folder.join(target).exists(), "{target} is not there");
    }
}
