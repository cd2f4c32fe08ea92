//! Answers of an Alertmanager: nothing panics, the same answer is read the same again, and every text is safe to show.

#![no_main]

use flightdeck::sources::alertmanager::decode;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let shown = format!("{:?}", decode(data));
    assert_eq!(format!("{:?}", decode(data)), shown);
    for alert in decode(data).unwrap_or_default() {
        let texts = [Some(&alert.name), alert.severity.as_ref(), alert.summary.as_ref()];
        assert!(texts.into_iter().flatten().all(|text| !text.contains(char::is_control)));
    }
});
