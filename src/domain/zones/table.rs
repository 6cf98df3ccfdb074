//! Reading the table. Its layout is described in `scripts/zones/table.py`, which makes it.

use super::Zone;
use super::clock::{Clock, Summer, Told, Turn};
use super::reader::Reader;

const TABLE: &[u8] = include_bytes!("table.bin");

/// The zone with this name.
pub(super) fn zone(name: &str) -> Option<Zone> {
    let mut table = Reader(TABLE);
    table.text()?;
    let clocks = table;
    for _ in 0..table.u8()? {
        table.clock()?;
    }
    let zones = table;
    let (found, mut aliases) = zones.find(|_, known| known == name)?;
    if found.is_some() {
        return found.and_then(|found| clocks.zone(found));
    }
    for _ in 0..aliases.u16()? {
        let alias = aliases.text()?;
        let stands_for = aliases.u16()?;
        if alias == name {
            let (found, _) = zones.find(|number, _| number == stands_for)?;
            return clocks.zone(found?);
        }
    }
    None
}

impl Reader {
    fn turn(&mut self) -> Option<Turn> {
        let [month, week, weekday] = self.bytes()?.map(i64::from);
        Some(Turn {
            month,
            week,
            weekday,
            second: self.minutes()?,
        })
    }

    fn clock(&mut self) -> Option<Clock> {
        let standard = self.minutes()?;
        let summer = match self.u8()? {
            0 => None,
            _ => Some(Summer {
                offset: self.minutes()?,
                begin: self.turn()?,
                end: self.turn()?,
            }),
        };
        let told = match usize::from(self.u16()?) {
            0 => None,
            changes => {
                let before = self.minutes()?;
                let changes = self.take(changes * 6)?;
                Some(Told { before, changes })
            }
        };
        Some(Clock {
            standard,
            summer,
            told,
        })
    }

    /// The first zone, by its number and name, for which `is_meant` holds; and what follows all of them.
    fn find(mut self, is_meant: impl Fn(u16, &str) -> bool) -> Option<(Option<Found>, Self)> {
        let mut found = None;
        for number in 0..self.u16()? {
            let name = self.text()?;
            let clock = self.u8()?;
            if found.is_none() && is_meant(number, name) {
                found = Some(Found { name, clock });
            }
        }
        Some((found, self))
    }

    /// A zone of the table, with the clock read from here.
    fn zone(mut self, found: Found) -> Option<Zone> {
        self.u8()?;
        for _ in 0..found.clock {
            self.clock()?;
        }
        Some(Zone {
            name: found.name,
            clock: self.clock()?,
        })
    }
}

struct Found {
    name: &'static str,
    /// Its clock's number.
    clock: u8,
}

#[cfg(test)]
mod tests {
    use super::{Reader, TABLE};

    #[test]
    fn the_table_says_which_release_it_is() {
        assert_eq!(Reader(TABLE).text(), Some(super::super::VERSION));
    }
}
