//! Values by the ids of the control plane, found with one multiplication: ids are the operator's own and need no keyed hash.

use hashbrown::HashTable;

#[derive(Debug)]
pub(super) struct IdMap<T> {
    table: HashTable<(u32, T)>,
}

impl<T> IdMap<T> {
    pub fn new(values: impl IntoIterator<Item = (u32, T)>) -> Self {
        let mut table = HashTable::new();
        for (id, value) in values {
            table.insert_unique(hash(id), (id, value), |(id, _)| hash(*id));
        }
        Self { table }
    }

    #[inline]
    pub fn get(&self, id: u32) -> Option<&T> {
        let found = self.table.find(hash(id), |(known, _)| *known == id);
        found.map(|(_, value)| value)
    }
}

impl<T> Default for IdMap<T> {
    fn default() -> Self {
        Self::new([])
    }
}

fn hash(id: u32) -> u64 {
    const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;
    let mixed = u64::from(id).wrapping_mul(GOLDEN);
    mixed ^ mixed >> 32
}
