//! The hash that binds an event to all that came before it.

use sha2::{Digest, Sha256};

/// A link of a chain.
pub(super) type Hash = [u8; 32];

/// What stands before the first event.
pub(super) const ORIGIN: Hash = [0; 32];

/// Keeps these hashes apart from those of anything else, and of a later way to hash.
const DOMAIN: &[u8] = b"flightdeck journal event 1";

/// The hash of an event behind another. Each part is led by its length, so that no two events can read as the same bytes.
pub(super) fn link(previous: &Hash, release: &str, sequence: u64, format: i64, body: &[u8]) -> Hash {
    let mut hash = Sha256::new();
    for part in [DOMAIN, previous, release.as_bytes(), &sequence.to_be_bytes(), &format.to_be_bytes(), body] {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_counts() {
        let base = link(&ORIGIN, "r", 1, 1, b"{}");
        assert_eq!(base, link(&ORIGIN, "r", 1, 1, b"{}"));
        for other in [
            link(&base, "r", 1, 1, b"{}"),
            link(&ORIGIN, "s", 1, 1, b"{}"),
            link(&ORIGIN, "r", 2, 1, b"{}"),
            link(&ORIGIN, "r", 1, 2, b"{}"),
            link(&ORIGIN, "r", 1, 1, b"{ }"),
        ] {
            assert_ne!(base, other);
        }
    }

    #[test]
    fn stays_as_it_is() {
        // Journals are verified for years: if this changes, every one of them would seem forged.
        let hash = link(&ORIGIN, "r", 1, 1, b"{}");
        let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "ccbe1a54ac59582b3da00216152d9ea14cb32e9fcf76dcdbae6a5dacc532a7d1");
    }
}
