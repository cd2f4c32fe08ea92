//! From a text to what it means, with all that is wrong with it.

use toml::de::DeTable;

use super::{problem::Found, reader::Reader, syntax};

/// Reads a text: what `part` makes of its tables, and every problem of syntax and of meaning. What comes out is whole only
/// where nothing was found.
pub(crate) fn decode<T>(text: &str, part: impl FnOnce(&mut Reader, &DeTable<'_>) -> T) -> (T, Vec<Found>) {
    let readable = syntax::read(text);
    let (root, _) = DeTable::parse_recoverable(&readable.text);
    let mut reader = Reader::default();
    let read = part(&mut reader, root.get_ref());
    let mut found = reader.found;
    found.retain(|found| {
        // A value that is no TOML is one mistake, whatever else it is.
        let touches = |syntax: &Found| found.span.start <= syntax.span.start && syntax.span.start <= found.span.end;
        let follows = found.code != "unknown-key" && readable.found.iter().any(touches);
        found.span.start < readable.up_to && (readable.whole || !found.absence) && !follows
    });
    found.extend(readable.found);
    (read, found)
}
