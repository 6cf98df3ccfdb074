//! The table's building blocks.

/// A reader of the table. One that ends too early reads as having nothing more; tests check every zone.
#[derive(Clone, Copy)]
pub(super) struct Reader(pub(super) &'static [u8]);

impl Reader {
    pub(super) fn bytes<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*bytes)
    }

    /// Takes this many bytes.
    pub(super) fn take(&mut self, length: usize) -> Option<&'static [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        self.bytes().map(u8::from_be_bytes)
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        self.bytes().map(u16::from_be_bytes)
    }

    /// Minutes, as seconds.
    pub(super) fn minutes(&mut self) -> Option<i64> {
        let minutes = i16::from_be_bytes(self.bytes()?);
        Some(i64::from(minutes) * 60)
    }

    pub(super) fn text(&mut self) -> Option<&'static str> {
        let length = self.u8()?;
        core::str::from_utf8(self.take(usize::from(length))?).ok()
    }

    /// A change: its second since 1970, and the seconds ahead of UTC from then on.
    pub(super) fn change(&mut self) -> Option<(i64, i64)> {
        let minute = u32::from_be_bytes(self.bytes()?);
        Some((i64::from(minute) * 60, self.minutes()?))
    }
}
