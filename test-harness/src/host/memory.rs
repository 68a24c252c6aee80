//! The guest's memory as a type: every address the guest hands over is a claim, checked here and nowhere else.

/// An address or a length of the guest leads outside its memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OutOfBounds;

/// The guest's linear memory while a host call runs.
pub(super) struct GuestMemory<'a>(&'a mut [u8]);

impl<'a> GuestMemory<'a> {
    pub(super) fn new(bytes: &'a mut [u8]) -> Self {
        Self(bytes)
    }

    /// The `size` bytes at `at`.
    pub(super) fn read(&self, at: u32, size: u32) -> Result<&[u8], OutOfBounds> {
        let start = index(at)?;
        let end = start.checked_add(index(size)?).ok_or(OutOfBounds)?;
        self.0.get(start..end).ok_or(OutOfBounds)
    }

    /// The little-endian word at `at`.
    pub(super) fn read_u32(&self, at: u32) -> Result<u32, OutOfBounds> {
        let bytes = self.read(at, 4)?;
        Ok(u32::from_le_bytes(bytes.try_into().map_err(|_| OutOfBounds)?))
    }

    /// Puts `bytes` at `at`: all of them or, out of bounds, none.
    pub(super) fn write(&mut self, at: u32, bytes: &[u8]) -> Result<(), OutOfBounds> {
        let start = index(at)?;
        let end = start.checked_add(bytes.len()).ok_or(OutOfBounds)?;
        self.0.get_mut(start..end).ok_or(OutOfBounds)?.copy_from_slice(bytes);
        Ok(())
    }
}

fn index(word: u32) -> Result<usize, OutOfBounds> {
    usize::try_from(word).map_err(|_| OutOfBounds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes_end_where_the_memory_ends() {
        let mut bytes = [0_u8; 8];
        let mut memory = GuestMemory::new(&mut bytes);
        assert_eq!(memory.write(4, &7_u32.to_le_bytes()), Ok(()));
        assert_eq!(memory.read_u32(4), Ok(7));
        assert_eq!(memory.write(5, &[0; 4]), Err(OutOfBounds));
        assert_eq!(memory.read(8, 0), Ok(&[][..]));
        assert_eq!(memory.read(9, 0), Err(OutOfBounds));
        assert_eq!(memory.read(u32::MAX, u32::MAX), Err(OutOfBounds));
    }
}
