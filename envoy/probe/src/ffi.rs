//! Envoy's C interface for listener filters in dynamic modules (`source/extensions/dynamic_modules/abi`), the few parts
//! that are used: all unsafe code of the probe, with safe code on both sides of it.
//!
//! What Envoy promises, and every unsafe block here relies on: a hook's pointers are valid during that hook; what a
//! `*_new` hook returned comes back unchanged, and no more after its `*_destroy`; the hooks of one connection run one
//! after the other, on one thread, and no callback runs another hook. A configuration outlives its connections, but
//! several threads use it.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr;
use std::sync::Arc;

use crate::config::Config;
use crate::filter::{Connection, Filter, Listener, Next};
use crate::guard;

/// The versions of the interface whose parts used here are the same. Envoy warns of another than its own.
const ABI_1_38: &CStr = c"v0.1.0";
const ABI_1_40: &CStr = c"v0.2.0";
/// A callback that came with [`ABI_1_40`].
const NEW_IN_1_40: &CStr = c"envoy_dynamic_module_callback_http_has_filter_state";

const CONTINUE: c_int = 0;
const STOP_ITERATION: c_int = 1;
const LEVEL_WARN: c_int = 3;
const LEVEL_ERROR: c_int = 4;

/// `envoy_dynamic_module_type_envoy_buffer` and `…_module_buffer`: the same but for who owns the bytes.
#[repr(C)]
#[derive(Clone, Copy)]
struct Buffer {
    start: *const c_char,
    length: usize,
}

impl Buffer {
    const EMPTY: Self = Self {
        start: ptr::null(),
        length: 0,
    };

    const fn of(bytes: &[u8]) -> Self {
        Self {
            start: bytes.as_ptr().cast(),
            length: bytes.len(),
        }
    }

    /// # Safety
    ///
    /// It must have come from Envoy, and its bytes must stay for `'a`.
    const unsafe fn bytes<'a>(self) -> &'a [u8] {
        if self.start.is_null() || self.length == 0 {
            return &[];
        }
        // SAFETY: the caller vouches for the bytes, and they are not null.
        unsafe { std::slice::from_raw_parts(self.start.cast(), self.length) }
    }
}

unsafe extern "C" {
    fn envoy_dynamic_module_callback_log(level: c_int, message: Buffer);
    fn envoy_dynamic_module_callback_listener_filter_get_socket_option_bytes(
        connection: *mut c_void,
        level: i64,
        name: i64,
        value: *mut c_char,
        capacity: usize,
        length: *mut usize,
    ) -> bool;
    fn envoy_dynamic_module_callback_listener_filter_get_remote_address(
        connection: *mut c_void,
        address: *mut Buffer,
        port: *mut u32,
    ) -> bool;
    fn envoy_dynamic_module_callback_listener_filter_get_direct_remote_address(
        connection: *mut c_void,
        address: *mut Buffer,
        port: *mut u32,
    ) -> bool;
    fn envoy_dynamic_module_callback_listener_filter_get_buffer_chunk(
        connection: *mut c_void,
        chunk: *mut Buffer,
    ) -> bool;
    fn envoy_dynamic_module_callback_listener_filter_set_filter_state(
        connection: *mut c_void,
        key: Buffer,
        value: Buffer,
    ) -> bool;
    /// Of the C library, which Rust's own is linked with.
    fn dlsym(library: *mut c_void, symbol: *const c_char) -> *mut c_void;
}

fn log(level: c_int, message: &str) {
    // SAFETY: Envoy reads the message during the call only.
    unsafe { envoy_dynamic_module_callback_log(level, Buffer::of(message.as_bytes())) }
}

/// A connection, during one hook.
struct Hooked(*mut c_void);

type AddressCallback = unsafe extern "C" fn(*mut c_void, *mut Buffer, *mut u32) -> bool;

impl Hooked {
    /// An IP address as text, and a port; `None` for a peer without, such as one on a Unix socket.
    fn address(&self, callback: AddressCallback) -> Option<(&[u8], u32)> {
        let (mut address, mut port) = (Buffer::EMPTY, 0);
        // SAFETY: the connection is valid during the hook, and both targets are live.
        let known = unsafe { callback(self.0, &raw mut address, &raw mut port) };
        // SAFETY: the text belongs to the socket's address, which nothing replaces during a hook of this filter.
        known.then(|| (unsafe { address.bytes() }, port))
    }
}

impl Connection for Hooked {
    fn socket_option<'b>(&self, level: i64, name: i64, buffer: &'b mut [u8]) -> Option<&'b [u8]> {
        let mut length = 0;
        // SAFETY: the connection is valid during the hook; Envoy writes no more than the buffer's length into it.
        let given = unsafe {
            envoy_dynamic_module_callback_listener_filter_get_socket_option_bytes(
                self.0,
                level,
                name,
                buffer.as_mut_ptr().cast(),
                buffer.len(),
                &raw mut length,
            )
        };
        given.then(|| buffer.get(..length)).flatten()
    }

    fn is_relayed(&self) -> bool {
        self.address(envoy_dynamic_module_callback_listener_filter_get_remote_address)
            != self.address(envoy_dynamic_module_callback_listener_filter_get_direct_remote_address)
    }

    fn received(&self) -> &[u8] {
        let mut chunk = Buffer::EMPTY;
        // SAFETY: the connection is valid during the hook, and the target is live.
        let any = unsafe { envoy_dynamic_module_callback_listener_filter_get_buffer_chunk(self.0, &raw mut chunk) };
        // SAFETY: the peeked bytes stay where they are until the hook has returned.
        if any { unsafe { chunk.bytes() } } else { &[] }
    }

    fn set(&self, key: &str, value: &[u8]) {
        // SAFETY: the connection is valid during the hook; Envoy copies both.
        unsafe {
            // It refuses null pointers only.
            let _ = envoy_dynamic_module_callback_listener_filter_set_filter_state(
                self.0,
                Buffer::of(key.as_bytes()),
                Buffer::of(value),
            );
        }
    }

    fn warn(&self, message: &str) {
        log(LEVEL_WARN, message);
    }
}

/// Runs the body of a hook. A panic in it is logged, and `otherwise` is what Envoy gets.
fn guarded<T>(hook: &str, otherwise: T, body: impl FnOnce() -> T) -> T {
    let panicked = || {
        log(
            LEVEL_ERROR,
            &format!("layerprint-probe: {hook} panicked; nothing is handed over"),
        );
        otherwise
    };
    guard::or_else(panicked, || {
        #[cfg(feature = "panics")]
        panic_if_asked(hook);
        body()
    })
}

#[cfg(feature = "panics")]
#[allow(clippy::panic, reason = "the feature is there to panic")]
fn panic_if_asked(hook: &str) {
    if std::env::var_os("LAYERPRINT_PROBE_PANICS").is_some_and(|named| named == hook) {
        panic!("asked to by LAYERPRINT_PROBE_PANICS");
    }
}

const fn status(next: Next) -> c_int {
    match next {
        Next::Continue => CONTINUE,
        Next::Wait => STOP_ITERATION,
    }
}

/// The filter behind a pointer that `envoy_dynamic_module_on_listener_filter_new` gave.
///
/// # Safety
///
/// `module` must be such a pointer, within a hook for it.
unsafe fn filter<'a>(module: *mut c_void) -> Option<&'a mut Filter> {
    // SAFETY: it is a `Box<Filter>`, used by one hook at a time, unless it stands for no filter.
    (!is_no_filter(module)).then(|| unsafe { &mut *module.cast() })
}

/// What stands for a filter where making one has panicked: Envoy closes the connection when it is given null.
static NO_FILTER: u8 = 0;

fn no_filter() -> *mut c_void {
    (&raw const NO_FILTER).cast_mut().cast()
}

fn is_no_filter(module: *mut c_void) -> bool {
    module == no_filter()
}

/// The interface's version. The module is made for two, and gives the one of the Envoy that has loaded it.
#[unsafe(no_mangle)]
extern "C" fn envoy_dynamic_module_on_program_init() -> *const c_char {
    // SAFETY: a null library means the symbols of the process; the name ends in NUL; the answer is only held against null.
    let found = unsafe { dlsym(ptr::null_mut(), NEW_IN_1_40.as_ptr()) };
    if found.is_null() { ABI_1_38 } else { ABI_1_40 }.as_ptr()
}

/// Makes the configuration; null refuses the listener.
#[unsafe(no_mangle)]
extern "C" fn envoy_dynamic_module_on_listener_filter_config_new(
    _envoy: *mut c_void,
    _name: Buffer,
    config: Buffer,
) -> *const c_void {
    guarded("config_new", ptr::null(), || {
        // SAFETY: the bytes stay during the hook.
        match Config::from_bytes(unsafe { config.bytes() }) {
            Ok(config) => Arc::into_raw(Arc::new(Listener::new(config))).cast(),
            Err(error) => {
                log(LEVEL_ERROR, &format!("layerprint-probe: {error}"));
                ptr::null()
            }
        }
    })
}

#[unsafe(no_mangle)]
extern "C" fn envoy_dynamic_module_on_listener_filter_config_destroy(config: *const c_void) {
    guarded("config_destroy", (), || {
        // SAFETY: it came from `Arc::into_raw`, and Envoy gives its share back here, once.
        drop(unsafe { Arc::from_raw(config.cast::<Listener>()) });
    });
}

/// Makes the filter of one connection.
#[unsafe(no_mangle)]
extern "C" fn envoy_dynamic_module_on_listener_filter_new(config: *const c_void, _envoy: *mut c_void) -> *mut c_void {
    guarded("new", no_filter(), || {
        let config: *const Listener = config.cast();
        // SAFETY: it came from `Arc::into_raw`, Envoy's share is still held, and the filter takes one more.
        let listener = unsafe {
            Arc::increment_strong_count(config);
            Arc::from_raw(config)
        };
        Box::into_raw(Box::new(Filter::new(listener))).cast()
    })
}

#[unsafe(no_mangle)]
extern "C" fn envoy_dynamic_module_on_listener_filter_on_accept(envoy: *mut c_void, module: *mut c_void) -> c_int {
    guarded("on_accept", CONTINUE, || {
        // SAFETY: `module` is as Envoy promises.
        unsafe { filter(module) }.map_or(CONTINUE, |filter| status(filter.on_accept(&Hooked(envoy))))
    })
}

#[unsafe(no_mangle)]
extern "C" fn envoy_dynamic_module_on_listener_filter_on_data(
    envoy: *mut c_void,
    module: *mut c_void,
    _length: usize,
) -> c_int {
    guarded("on_data", CONTINUE, || {
        // SAFETY: `module` is as Envoy promises.
        unsafe { filter(module) }.map_or(CONTINUE, |filter| status(filter.on_data(&Hooked(envoy))))
    })
}

#[unsafe(no_mangle)]
extern "C" fn envoy_dynamic_module_on_listener_filter_get_max_read_bytes(
    _envoy: *mut c_void,
    module: *mut c_void,
) -> usize {
    guarded("get_max_read_bytes", 0, || {
        // SAFETY: `module` is as Envoy promises.
        unsafe { filter(module) }.map_or(0, |filter| filter.max_read_bytes())
    })
}

#[unsafe(no_mangle)]
extern "C" fn envoy_dynamic_module_on_listener_filter_destroy(module: *mut c_void) {
    guarded("destroy", (), || {
        if !is_no_filter(module) {
            // SAFETY: it is a `Box<Filter>`, and this is its last hook.
            drop(unsafe { Box::from_raw(module.cast::<Filter>()) });
        }
    });
}

/// Envoy wants it to be there. The filter keeps nothing that a close would have to free.
#[unsafe(no_mangle)]
extern "C" fn envoy_dynamic_module_on_listener_filter_on_close(_envoy: *mut c_void, _module: *mut c_void) {}

/// Envoy wants it to be there. The filter schedules nothing.
#[unsafe(no_mangle)]
extern "C" fn envoy_dynamic_module_on_listener_filter_scheduled(
    _envoy: *mut c_void,
    _module: *mut c_void,
    _event: u64,
) {
}
