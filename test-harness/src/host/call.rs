//! One host call: its arguments read in order, its results written into the guest, and the one enum of how it can end.

use std::rc::Rc;
use std::slice;

use wasmtime::{AsContextMut as _, Caller, Extern, Val};

use super::abi::{Errno, Status};
use super::context::Context;
use super::memory::{GuestMemory, OutOfBounds};
use super::vm::{Stage, VmShared, VmState};

/// What guests may export to give the host memory of theirs, as Envoy looks for it.
pub(super) const ALLOCATORS: [&str; 2] = ["malloc", "proxy_on_memory_allocate"];

/// How a host call ends when it does not simply answer Ok.
pub(super) enum Ending {
    /// The guest gets this status.
    Status(Status),
    /// The guest gets this errno.
    Errno(Errno),
    /// A pointer led outside the guest's memory: a status in `env`, an errno in WASI.
    OutOfBounds,
    /// The guest stops here, and its VM is dead.
    Trap(wasmtime::Error),
}

/// What a handler returns.
pub(super) type Answer = Result<(), Ending>;

impl Ending {
    pub(super) fn trap(why: impl Into<String>) -> Self {
        Self::Trap(wasmtime::Error::msg(why.into()))
    }
}

impl From<Status> for Ending {
    fn from(status: Status) -> Self {
        Self::Status(status)
    }
}

impl From<OutOfBounds> for Ending {
    fn from(_: OutOfBounds) -> Self {
        Self::OutOfBounds
    }
}

/// Where the guest wants the address and the size of what the host gives.
#[derive(Clone, Copy)]
pub(super) struct Slot {
    address: u32,
    size: u32,
}

/// A call while it runs.
pub(super) struct Call<'a, 'b> {
    caller: Caller<'a, VmState>,
    arguments: slice::Iter<'b, Val>,
}

impl<'a, 'b> Call<'a, 'b> {
    pub(super) fn new(caller: Caller<'a, VmState>, arguments: &'b [Val]) -> Self {
        Self {
            caller,
            arguments: arguments.iter(),
        }
    }

    pub(super) fn vm(&self) -> Rc<VmShared> {
        Rc::clone(&self.caller.data().shared)
    }

    /// Does something with the context the call is about.
    pub(super) fn with_context<R>(&self, act: impl FnOnce(&mut Context) -> R) -> Result<R, Ending> {
        let shared = self.vm();
        shared
            .with(shared.subject(), act)
            .ok_or(Ending::Status(Status::BadArgument))
    }

    /// The next argument, a number or an address.
    pub(super) fn word(&mut self) -> Result<u32, Ending> {
        let word = self.arguments.next().and_then(Val::i32);
        word.map(i32::cast_unsigned)
            .ok_or_else(|| Ending::trap("the table of host functions misses an i32"))
    }

    /// The next argument, 64 bits wide.
    pub(super) fn long(&mut self) -> Result<i64, Ending> {
        let long = self.arguments.next().and_then(Val::i64);
        long.ok_or_else(|| Ending::trap("the table of host functions misses an i64"))
    }

    /// The next two arguments: an address and a size, and the bytes there.
    pub(super) fn bytes(&mut self) -> Result<Vec<u8>, Ending> {
        let (at, size) = (self.word()?, self.word()?);
        Ok(self.memory()?.read(at, size)?.to_vec())
    }

    /// The next two arguments: where to put an address and a size.
    pub(super) fn slot(&mut self) -> Result<Slot, Ending> {
        Ok(Slot {
            address: self.word()?,
            size: self.word()?,
        })
    }

    /// Copies `bytes` into memory that the guest allocates. Nothing is allocated for nothing: the address is 0 then.
    pub(super) fn give(&mut self, slot: Slot, bytes: &[u8]) -> Answer {
        let size = u32::try_from(bytes.len()).map_err(|_| Ending::OutOfBounds)?;
        let address = if size == 0 { 0 } else { self.allocate(size)? };
        self.write(address, bytes)?;
        self.write(slot.address, &address.to_le_bytes())?;
        self.write(slot.size, &size.to_le_bytes())
    }

    pub(super) fn write(&mut self, at: u32, bytes: &[u8]) -> Answer {
        Ok(self.memory()?.write(at, bytes)?)
    }

    pub(super) fn memory(&mut self) -> Result<GuestMemory<'_>, Ending> {
        let memory = self.caller.get_export("memory").and_then(Extern::into_memory);
        let memory = memory.ok_or_else(|| Ending::trap("the guest exports no memory"))?;
        Ok(GuestMemory::new(memory.data_mut(&mut self.caller)))
    }

    fn allocate(&mut self, size: u32) -> Result<u32, Ending> {
        let exported = ALLOCATORS
            .iter()
            .find_map(|name| self.caller.get_export(name)?.into_func());
        let allocator = exported.ok_or_else(|| Ending::trap("the guest exports no allocator"))?;
        let allocator = allocator.typed::<u32, u32>(&self.caller).map_err(Ending::Trap)?;
        let before = std::mem::replace(&mut self.caller.data_mut().stage, Stage::Allocating);
        let address = allocator.call(self.caller.as_context_mut(), size);
        self.caller.data_mut().stage = before;
        match address.map_err(Ending::Trap)? {
            0 => Err(Ending::OutOfBounds),
            address => Ok(address),
        }
    }
}
