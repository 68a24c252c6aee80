//! Lists inside a ClientHello, borrowed from its bytes. Each was read to its end when it was made, so that walking one
//! later cannot fail: a list with half an entry is refused, never shortened.

use core::fmt;
use core::marker::PhantomData;

use super::codes::{ExtensionType, NamedGroup};
use crate::wire::{Reader, Short};

/// 16-bit code points in wire order, GREASE included.
#[derive(Clone, Copy)]
pub struct Codes<'a, T> {
    pairs: &'a [[u8; 2]],
    code: PhantomData<T>,
}

impl<'a, T: From<u16>> Codes<'a, T> {
    /// Reads all of `list` as code points; nothing when a single byte is left over.
    pub(super) fn read(list: &Reader<'a>) -> Option<Self> {
        match list.rest().as_chunks() {
            (pairs, []) => Some(Self {
                pairs,
                code: PhantomData,
            }),
            _ => None,
        }
    }

    /// How many code points.
    pub const fn len(&self) -> usize {
        self.pairs.len()
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// The code points in wire order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = T> + Clone + use<'a, T> {
        self.pairs.iter().map(|pair| T::from(u16::from_be_bytes(*pair)))
    }
}

impl<T> Default for Codes<'_, T> {
    fn default() -> Self {
        Self {
            pairs: &[],
            code: PhantomData,
        }
    }
}

impl<T: From<u16> + fmt::Debug> fmt::Debug for Codes<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// One extension: RFC 8446 §4.2 `Extension`, its body not looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extension<'a> {
    /// `extension_type`.
    pub code: ExtensionType,
    /// `extension_data`, at most 65 535 bytes.
    pub body: &'a [u8],
}

impl<'a> Extension<'a> {
    fn read(r: &mut Reader<'a>) -> Result<Self, Short> {
        Ok(Self {
            code: r.u16()?.into(),
            body: r.vec16()?.rest(),
        })
    }
}

/// The extensions in wire order, known or not, GREASE included.
#[derive(Clone, Debug)]
pub struct Extensions<'a>(Reader<'a>);

impl<'a> Extensions<'a> {
    /// Over bytes that [`Extensions::check`] has passed.
    pub(super) const fn new(list: &'a [u8]) -> Self {
        Self(Reader::new(list))
    }

    /// Reads `list` to its end and shows each extension type to `see`.
    pub(super) fn check<E: From<Short>>(
        mut list: Reader<'_>,
        mut see: impl FnMut(ExtensionType) -> Result<(), E>,
    ) -> Result<(), E> {
        while !list.is_empty() {
            see(Extension::read(&mut list)?.code)?;
        }
        Ok(())
    }
}

impl<'a> Iterator for Extensions<'a> {
    type Item = Extension<'a>;

    fn next(&mut self) -> Option<Extension<'a>> {
        Extension::read(&mut self.0).ok()
    }
}

/// Protocol names in the order of preference: RFC 7301 §3.1 `ProtocolNameList`; ALPS has the same shape.
#[derive(Clone, Debug)]
pub struct ProtocolNames<'a>(Reader<'a>);

impl<'a> ProtocolNames<'a> {
    pub(super) fn read(list: Reader<'a>) -> Result<Self, Short> {
        let mut names = list.clone();
        while !names.is_empty() {
            names.vec8()?;
        }
        Ok(Self(list))
    }
}

impl<'a> Iterator for ProtocolNames<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        self.0.vec8().ok().map(|name| name.rest())
    }
}

/// A key that the client offers: RFC 8446 §4.2.8 `KeyShareEntry`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyShare<'a> {
    /// `group`.
    pub group: NamedGroup,
    /// `key_exchange`.
    pub key: &'a [u8],
}

impl<'a> KeyShare<'a> {
    fn read(r: &mut Reader<'a>) -> Result<Self, Short> {
        Ok(Self {
            group: r.u16()?.into(),
            key: r.vec16()?.rest(),
        })
    }
}

/// The offered keys in wire order: RFC 8446 §4.2.8 `KeyShareClientHello`.
#[derive(Clone, Debug)]
pub struct KeyShares<'a>(Reader<'a>);

impl<'a> KeyShares<'a> {
    pub(super) fn read(list: Reader<'a>) -> Result<Self, Short> {
        let mut shares = list.clone();
        while !shares.is_empty() {
            KeyShare::read(&mut shares)?;
        }
        Ok(Self(list))
    }
}

impl<'a> Iterator for KeyShares<'a> {
    type Item = KeyShare<'a>;

    fn next(&mut self) -> Option<KeyShare<'a>> {
        KeyShare::read(&mut self.0).ok()
    }
}
