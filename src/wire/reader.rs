//! A slice that shrinks as it is read, so that a parser reads like the RFC's structure: one field a line, no offsets.

/// The bytes ended before the field did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Short;

/// Reads fields off the front of a slice, network byte order.
#[derive(Clone, Debug)]
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// Starts at the first of `bytes`.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Lets `parse` read all of `bytes`; `trailing` is the error when it leaves some.
    ///
    /// # Errors
    /// What `parse` answers, or `trailing`.
    pub fn all<T, E>(bytes: &'a [u8], trailing: E, parse: impl FnOnce(&mut Self) -> Result<T, E>) -> Result<T, E> {
        let mut reader = Self::new(bytes);
        let value = parse(&mut reader)?;
        if reader.is_empty() { Ok(value) } else { Err(trailing) }
    }

    /// How many bytes are left.
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing is left.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is left, without taking it.
    pub const fn rest(&self) -> &'a [u8] {
        self.0
    }

    /// The next `n` bytes.
    ///
    /// # Errors
    /// [`Short`] when fewer are left; then nothing is taken.
    pub fn take(&mut self, n: usize) -> Result<&'a [u8], Short> {
        let (head, tail) = self.0.split_at_checked(n).ok_or(Short)?;
        self.0 = tail;
        Ok(head)
    }

    /// The next `n` bytes, or as many as are left.
    pub fn up_to(&mut self, n: usize) -> &'a [u8] {
        let (head, tail) = self.0.split_at_checked(n).unwrap_or((self.0, &[]));
        self.0 = tail;
        head
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Short> {
        let (head, tail) = self.0.split_first_chunk::<N>().ok_or(Short)?;
        self.0 = tail;
        Ok(*head)
    }

    /// One byte.
    ///
    /// # Errors
    /// [`Short`] when none is left.
    pub fn u8(&mut self) -> Result<u8, Short> {
        Ok(u8::from_be_bytes(self.array()?))
    }

    /// Two bytes.
    ///
    /// # Errors
    /// [`Short`] when fewer are left.
    pub fn u16(&mut self) -> Result<u16, Short> {
        Ok(u16::from_be_bytes(self.array()?))
    }

    /// Three bytes.
    ///
    /// # Errors
    /// [`Short`] when fewer are left.
    pub fn u24(&mut self) -> Result<u32, Short> {
        let [a, b, c] = self.array()?;
        Ok(u32::from_be_bytes([0, a, b, c]))
    }

    /// Four bytes.
    ///
    /// # Errors
    /// [`Short`] when fewer are left.
    pub fn u32(&mut self) -> Result<u32, Short> {
        Ok(u32::from_be_bytes(self.array()?))
    }

    /// Sixteen bytes.
    ///
    /// # Errors
    /// [`Short`] when fewer are left.
    pub fn u128(&mut self) -> Result<u128, Short> {
        Ok(u128::from_be_bytes(self.array()?))
    }

    /// A vector whose length stands before it in one byte.
    ///
    /// # Errors
    /// [`Short`] when the length or the vector is cut.
    pub fn vec8(&mut self) -> Result<Reader<'a>, Short> {
        let n = usize::from(self.u8()?);
        self.take(n).map(Reader)
    }

    /// A vector whose length stands before it in two bytes.
    ///
    /// # Errors
    /// [`Short`] when the length or the vector is cut.
    pub fn vec16(&mut self) -> Result<Reader<'a>, Short> {
        let n = usize::from(self.u16()?);
        self.take(n).map(Reader)
    }

    /// A vector whose length stands before it in three bytes.
    ///
    /// # Errors
    /// [`Short`] when the length or the vector is cut.
    pub fn vec24(&mut self) -> Result<Reader<'a>, Short> {
        let n = usize::try_from(self.u24()?).map_err(|_| Short)?;
        self.take(n).map(Reader)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_that_is_cut_takes_nothing() {
        let mut reader = Reader::new(&[1, 2, 3]);
        assert_eq!(reader.u32(), Err(Short));
        assert_eq!(reader.u24(), Ok(0x01_02_03));
        assert_eq!(reader.u8(), Err(Short));
    }

    #[test]
    fn up_to_takes_what_there_is() {
        let mut reader = Reader::new(&[1, 2, 3]);
        assert_eq!(
            (reader.up_to(2), reader.up_to(2), reader.up_to(2)),
            (&[1, 2][..], &[3][..], &[][..])
        );
    }

    #[test]
    fn a_vector_is_read_within_its_own_length() {
        let mut reader = Reader::new(&[0, 2, 7, 8, 9]);
        let mut inner = reader.vec16().unwrap();
        assert_eq!((inner.u16(), inner.u8(), reader.u8()), (Ok(0x0708), Err(Short), Ok(9)));
        assert_eq!(Reader::new(&[3, 1, 2]).vec8().err(), Some(Short));
        assert_eq!(Reader::new(&[0, 0, 1]).vec24().err(), Some(Short));
    }

    #[test]
    fn bytes_behind_the_last_field_are_an_error() {
        let parse = |r: &mut Reader<'_>| r.u8().map_err(|Short| "short");
        assert_eq!(Reader::all(&[1], "trailing", parse), Ok(1));
        assert_eq!(Reader::all(&[1, 2], "trailing", parse), Err("trailing"));
        assert_eq!(Reader::all(&[], "trailing", parse), Err("short"));
    }
}
