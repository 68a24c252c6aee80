//! Listeners in a file that Envoy watches (LDS), as they come from a control plane in production: a running Envoy is given another
//! configuration.

use std::fs;
use std::io;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::StackError;
use super::config::visit;
use crate::repo;

/// A file of listeners. Dropping it removes the file, which Envoy then no longer looks at.
#[derive(Debug)]
pub struct WatchedListeners {
    directory: PathBuf,
    version: u32,
}

impl WatchedListeners {
    /// A file in a directory of its own under `.run`.
    pub fn new(name: &str) -> Result<Self, StackError> {
        let directory = repo::run_directory().join(format!("lds-{name}-{}", std::process::id()));
        fs::create_dir_all(&directory).map_err(|error| StackError::file(&directory, error))?;
        Ok(Self { directory, version: 1 })
    }

    /// What a stack has to change of its configuration: its listeners go into the file. To be given to [`super::StackOptions::edit`].
    pub fn edit(&self) -> impl FnOnce(&mut Value) + Send + use<> {
        let (file, directory) = (self.file(), self.directory.clone());
        move |config| {
            let resources = config.pointer_mut("/static_resources").and_then(Value::as_object_mut);
            let listeners = resources.and_then(|resources| resources.remove("listeners"));
            let Some(Value::Array(mut listeners)) = listeners else {
                return;
            };
            for listener in listeners.iter_mut().filter_map(Value::as_object_mut) {
                let kind = json!("type.googleapis.com/envoy.config.listener.v3.Listener");
                listener.insert("@type".to_owned(), kind);
            }
            // An Envoy without the file says so, and serves nothing.
            let _ = replace(&file, &json!({"version_info": "1", "resources": listeners}));
            let Some(config) = config.as_object_mut() else { return };
            let lds = json!({"lds_config": {
                "resource_api_version": "V3",
                "path_config_source": {"path": file, "watched_directory": {"path": directory}},
            }});
            config.insert("dynamic_resources".to_owned(), lds);
            config.insert("node".to_owned(), json!({"id": "test", "cluster": "test"}));
        }
    }

    /// Gives both roles, on every listener, this configuration. Envoy takes it within a moment.
    pub fn set_filter(&mut self, text: &str) -> Result<(), StackError> {
        self.change(|object| {
            if let Some(value) = object.get_mut("configuration").and_then(|one| one.get_mut("value")) {
                *value = json!(text);
            }
        })
    }

    /// Gives all plugins new VMs, which have the same `vm_id` and so the same shared data.
    pub fn renew_vms(&mut self) -> Result<(), StackError> {
        let text = self.version.to_string();
        self.change(move |object| {
            if let Some(vm) = object.get_mut("vm_config").and_then(Value::as_object_mut) {
                let value = json!({ "@type": "type.googleapis.com/google.protobuf.StringValue", "value": text });
                vm.insert("configuration".to_owned(), value);
            }
        })
    }

    /// Changes every plugin of the module.
    fn change(&mut self, change: impl Fn(&mut serde_json::Map<String, Value>)) -> Result<(), StackError> {
        let file = self.file();
        let failed = |error| StackError::file(&file, error);
        let text = fs::read(&file).map_err(failed)?;
        let mut listeners: Value = serde_json::from_slice(&text).map_err(|error| failed(error.into()))?;
        visit(&mut listeners, &mut |object| {
            if object.contains_key("vm_config") && object.contains_key("root_id") {
                change(object);
            }
        });
        self.version = self.version.saturating_add(1);
        if let Some(listeners) = listeners.as_object_mut() {
            listeners.insert("version_info".to_owned(), json!(self.version.to_string()));
        }
        replace(&file, &listeners).map_err(failed)
    }

    fn file(&self) -> PathBuf {
        self.directory.join("listeners.json")
    }
}

impl Drop for WatchedListeners {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// Envoy looks when a file is moved into place.
fn replace(file: &PathBuf, value: &Value) -> io::Result<()> {
    let new = file.with_extension("new");
    fs::write(&new, value.to_string())?;
    fs::rename(&new, file)
}
