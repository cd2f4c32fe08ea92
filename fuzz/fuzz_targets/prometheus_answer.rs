//! Answers of a Prometheus server: nothing panics, and the same answer is read the same again.

#![no_main]

use flightdeck::sources::prometheus::decode;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let shown = format!("{:?}", decode(data));
    assert_eq!(format!("{:?}", decode(data)), shown);
});
