//! The proxy that the request role believes it runs in: the headers of one request, and a memory.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use layerprint::annotate::answer::GrpcStatus;
use layerprint::evidence::fields::borrowed;
use layerprint::host::{CounterId, Failure, FieldMap, Fields as FieldsOf, Host, RequestId};
use layerprint::memory::store::{Store, Swap, Unavailable, Version};

/// Header fields in order.
pub(crate) type Fields = Vec<(String, Vec<u8>)>;

/// One request at a time, and what is remembered of all.
#[derive(Default)]
pub(crate) struct Given {
    fields: RefCell<Fields>,
    shared: RefCell<HashMap<String, (Vec<u8>, u32)>>,
    counters: RefCell<Vec<u64>>,
    /// What would be written for the access log, which nobody reads here. Making it is part of the work.
    line: Cell<usize>,
}

impl Given {
    /// Runs `ask` with these headers, and gives what it says with what has become of them.
    pub(crate) fn while_asked<T>(&self, fields: Fields, ask: impl FnOnce() -> T) -> (T, Fields) {
        self.fields.replace(fields);
        let said = ask();
        (said, self.fields.take())
    }
}

impl Store for Given {
    fn shared(&self, key: &str) -> Result<Option<(Vec<u8>, Version)>, Unavailable> {
        let shared = self.shared.borrow();
        Ok(shared.get(key).map(|(value, version)| (value.clone(), Version(*version))))
    }

    fn swap_shared(&self, key: &str, value: &[u8], seen: Option<Version>) -> Result<Swap, Unavailable> {
        let mut shared = self.shared.borrow_mut();
        let current = shared.get(key).map(|(_, version)| *version);
        if current.map(Version) != seen {
            return Ok(Swap::Lost);
        }
        shared.insert(key.to_owned(), (value.to_vec(), current.unwrap_or_default() + 1));
        Ok(Swap::Done)
    }
}

impl Host for Given {
    fn property(&self, path: &[&str]) -> Result<Option<Vec<u8>>, Failure> {
        // Envoy tells the client's address, and nothing else of its connection.
        if path != ["source", "address"] {
            return Ok(None);
        }
        let fields = self.fields.borrow();
        let told = fields.iter().find(|(name, _)| name == "x-forwarded-for");
        Ok(told.map(|(_, address)| [address, &b":0"[..]].concat()))
    }

    fn set_filter_state(&self, _: &str, value: &[u8]) -> Result<(), Failure> {
        self.line.set(value.len());
        Ok(())
    }

    fn downstream_data(&self, _: usize) -> Result<Vec<u8>, Failure> {
        Err(Failure)
    }

    fn fields(&self, of: FieldsOf) -> Result<FieldMap, Failure> {
        match of {
            FieldsOf::Headers => Ok(FieldMap::of(borrowed(&self.fields.borrow()))),
            FieldsOf::Trailers => Err(Failure),
        }
    }

    fn remove_field(&self, _: FieldsOf, name: &str) -> Result<(), Failure> {
        self.fields.borrow_mut().retain(|(known, _)| known != name);
        Ok(())
    }

    fn add_request_header(&self, name: &str, value: &str) -> Result<(), Failure> {
        self.fields.borrow_mut().push((name.to_owned(), value.as_bytes().to_owned()));
        Ok(())
    }

    fn set_request_header(&self, name: &str, value: &[u8]) -> Result<(), Failure> {
        self.remove_field(FieldsOf::Headers, name)?;
        self.fields.borrow_mut().push((name.to_owned(), value.to_owned()));
        Ok(())
    }

    fn response_header(&self, _: &str) -> Result<Option<Vec<u8>>, Failure> {
        Err(Failure)
    }

    fn variable(&self, name: &str) -> Option<Vec<u8>> {
        std::env::var(name).ok().map(String::into_bytes)
    }

    fn now(&self) -> Result<Duration, Failure> {
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_err(|_| Failure)
    }

    fn answer(&self, _: u16, _: &[(&str, &str)], _: &[u8]) -> Result<(), Failure> {
        Ok(())
    }

    fn answer_grpc(&self, _: GrpcStatus, _: &str, _: &[(&str, &str)]) -> Result<(), Failure> {
        Ok(())
    }

    fn resume(&self, _: RequestId) -> Result<(), Failure> {
        Err(Failure)
    }

    fn tick_every(&self, _: Option<Duration>) -> Result<(), Failure> {
        Ok(())
    }

    fn close_connection(&self) -> Result<(), Failure> {
        Err(Failure)
    }

    fn counter(&self, _: &str) -> Result<CounterId, Failure> {
        let mut counters = self.counters.borrow_mut();
        counters.push(0);
        u32::try_from(counters.len() - 1).map(CounterId).map_err(|_| Failure)
    }

    fn count(&self, CounterId(number): CounterId, by: u32) -> Result<(), Failure> {
        let number = usize::try_from(number).map_err(|_| Failure)?;
        let mut counters = self.counters.borrow_mut();
        *counters.get_mut(number).ok_or(Failure)? += u64::from(by);
        Ok(())
    }
}
