//! A module, compiled and linked once: tests that run in parallel share it.

use std::path::Path;

use wasmtime::{Config, Engine, InstancePre, Linker, OperatorCost};

use super::error::HostError;
use super::table;
use super::vm::VmState;

/// Every guest says by this export which ABI it speaks.
const ABI: &str = "proxy_abi_version_0_2_1";

/// A compiled module whose imports are all known. Cheap to clone, and safe to share between threads.
#[derive(Clone)]
pub struct Module(InstancePre<VmState>);

impl Module {
    /// Reads and compiles a file.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, HostError> {
        let path = path.as_ref();
        let bytes = std::fs::read(path).map_err(|error| HostError::Module(format!("{}: {error}", path.display())))?;
        Self::from_bytes(&bytes)
    }

    /// Compiles a binary module and checks its imports.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, HostError> {
        Self::compile(&Engine::default(), bytes)
    }

    /// The same, and each VM of it counts the instructions it runs (see [`super::Vm::instructions`]), which makes it slower.
    pub fn metered(bytes: &[u8]) -> Result<Self, HostError> {
        let mut costs = OperatorCost::new();
        costs.variable.memory_copy_per_byte = 0;
        costs.variable.memory_fill_per_byte = 0;
        costs.variable.memory_init_per_byte = 0;
        let mut config = Config::new();
        config.consume_fuel(true).operator_cost(costs);
        let engine = Engine::new(&config).map_err(|error| HostError::Link(format!("{error:?}")))?;
        Self::compile(&engine, bytes)
    }

    fn compile(engine: &Engine, bytes: &[u8]) -> Result<Self, HostError> {
        let module =
            wasmtime::Module::from_binary(engine, bytes).map_err(|error| HostError::Module(format!("{error:?}")))?;
        if module.get_export(ABI).is_none() {
            return Err(HostError::UnknownAbi);
        }
        let mut linker = Linker::new(engine);
        table::link(&mut linker).map_err(|error| HostError::Link(format!("{error:?}")))?;
        if let Some(import) = module
            .imports()
            .find(|import| !table::offers(import.module(), import.name()))
        {
            let (module, name) = (import.module().to_owned(), import.name().to_owned());
            return Err(HostError::UnknownImport { module, name });
        }
        linker
            .instantiate_pre(&module)
            .map(Self)
            .map_err(|error| HostError::Link(format!("{error:?}")))
    }

    pub(super) fn pre(&self) -> &InstancePre<VmState> {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_can_share_a_module() {
        fn shared<T: Clone + Send + Sync>() {}
        shared::<Module>();
    }
}
