//! JA3 and JA3n, exactly as salesforce/ja3 writes them down (FORMATS.md). Refuses a hello whose groups or point formats
//! do not read to their end: there is no JA3 of half a list.

use core::fmt;

use md5::Md5;

use super::ascii::Ascii;
use super::text::{Sink, gathered, hex_digest, put_decimal, sorted};
use crate::wire::is_grease;
use crate::wire::tls::{BrokenExtension, ClientHello, Codes, NamedGroup};

/// The JA3 of a ClientHello. `Display` gives the text,
/// `legacy_version,ciphers,extensions,groups,point_formats` in decimal without GREASE; [`Ja3::md5`] its hash.
#[derive(Clone, Copy, Debug)]
pub struct Ja3<'a> {
    hello: &'a ClientHello,
    groups: Codes<'a, NamedGroup>,
    point_formats: &'a [u8],
    order: Order,
}

#[derive(Clone, Copy, Debug)]
enum Order {
    Wire,
    Sorted,
}

impl<'a> Ja3<'a> {
    /// JA3: every list in wire order.
    ///
    /// # Errors
    /// `supported_groups` or `ec_point_formats` is there and broken.
    pub fn new(hello: &'a ClientHello) -> Result<Self, BrokenExtension> {
        Ok(Self {
            hello,
            groups: hello.supported_groups()?.unwrap_or_default(),
            point_formats: hello.ec_point_formats()?.unwrap_or_default(),
            order: Order::Wire,
        })
    }

    /// JA3n: the same with the extensions sorted, because Chrome shuffles them since version 110.
    ///
    /// # Errors
    /// As for [`Ja3::new`].
    pub fn normalized(hello: &'a ClientHello) -> Result<Self, BrokenExtension> {
        Ok(Self {
            order: Order::Sorted,
            ..Self::new(hello)?
        })
    }

    /// The hash by which JA3 is known: MD5 of the text, lower hex.
    pub fn md5(&self) -> Ascii<32> {
        hex_digest::<Md5, 32>(|digest| self.write(digest))
    }

    fn write<S: Sink>(&self, out: &mut S) -> Result<(), S::Error> {
        let shown = |code: &u16| !is_grease(*code);
        let extensions = self.hello.extensions().map(|extension| extension.code.0).filter(shown);
        put_decimal(out, [self.hello.legacy_version().0])?;
        out.put(b",")?;
        put_decimal(out, self.hello.cipher_suites().iter().map(u16::from).filter(shown))?;
        out.put(b",")?;
        match self.order {
            Order::Wire => put_decimal(out, extensions)?,
            Order::Sorted => sorted(extensions, |codes| put_decimal(out, codes.iter().copied()))?,
        }
        out.put(b",")?;
        put_decimal(out, self.groups.iter().map(u16::from).filter(shown))?;
        out.put(b",")?;
        put_decimal(out, self.point_formats.iter().copied().map(u16::from))
    }
}

impl fmt::Display for Ja3<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        gathered(f, |out| self.write(out))
    }
}
