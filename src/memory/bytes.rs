//! Records as bytes: numbers in little-endian, one after the other, in a fixed number of them.
//!
//! Any bytes are read as some record, and one that ends too soon as zeros: what is in shared data is ours, and nothing in it is
//! worth more than a count.

/// Reads numbers from the front of some bytes.
#[derive(Debug)]
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// Begins at the front.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The next `N` bytes.
    pub fn array<const N: usize>(&mut self) -> [u8; N] {
        match self.0.split_first_chunk::<N>() {
            Some((first, rest)) => {
                self.0 = rest;
                *first
            }
            None => [0; N],
        }
    }

    /// One byte.
    pub fn u8(&mut self) -> u8 {
        let [byte] = self.array();
        byte
    }

    /// Two bytes.
    pub fn u16(&mut self) -> u16 {
        u16::from_le_bytes(self.array())
    }

    /// Four bytes.
    pub fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.array())
    }

    /// Eight bytes.
    pub fn u64(&mut self) -> u64 {
        u64::from_le_bytes(self.array())
    }
}

/// Writes numbers to the front of some bytes. What has no room is left out.
#[derive(Debug)]
pub struct Writer<'a>(&'a mut [u8]);

impl<'a> Writer<'a> {
    /// Begins at the front.
    pub const fn new(bytes: &'a mut [u8]) -> Self {
        Self(bytes)
    }

    /// These bytes.
    pub fn array<const N: usize>(&mut self, bytes: [u8; N]) {
        let room = core::mem::take(&mut self.0);
        if let Some((first, rest)) = room.split_first_chunk_mut::<N>() {
            *first = bytes;
            self.0 = rest;
        }
    }

    /// One byte.
    pub fn u8(&mut self, value: u8) {
        self.array([value]);
    }

    /// Two bytes.
    pub fn u16(&mut self, value: u16) {
        self.array(value.to_le_bytes());
    }

    /// Four bytes.
    pub fn u32(&mut self, value: u32) {
        self.array(value.to_le_bytes());
    }

    /// Eight bytes.
    pub fn u64(&mut self, value: u64) {
        self.array(value.to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back_and_what_is_not_there_is_zero() {
        let mut bytes = [0; 15];
        let mut writer = Writer::new(&mut bytes);
        writer.u8(1);
        writer.u16(2);
        writer.u32(3);
        writer.u64(4);
        writer.u64(5);
        let mut reader = Reader::new(&bytes);
        let read = (reader.u8(), reader.u16(), reader.u32(), reader.u64(), reader.u64());
        assert_eq!(read, (1, 2, 3, 4, 0));
    }
}
