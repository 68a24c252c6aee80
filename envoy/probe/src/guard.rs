//! A panic in a hook must not leave it: Envoy would end, with all its connections. It has not happened; if it ever does, the
//! panic's message goes to stderr, where Envoy's log goes, and the connection goes on without evidence.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// What `hook` gives, or what `otherwise` does if it panics.
///
/// State that the hook was changing may be half changed. That is safe for what calls this: a filter's state decides only
/// whether to wait for more bytes, and `otherwise` means not to.
pub(crate) fn or_else<T>(otherwise: impl FnOnce() -> T, hook: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(hook)).unwrap_or_else(|_| otherwise())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_the_answer_given_for_it() {
        assert_eq!(or_else(|| 1, || 2), 2);
        assert_eq!(
            or_else(|| 1, || panic!("on purpose: this line belongs to a test that passes")),
            1
        );
    }
}
