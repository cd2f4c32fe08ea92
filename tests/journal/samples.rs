use flightdeck::{
    health::{Sample, Unknown, Value},
    journal::Journal,
};
use jiff::Timestamp;

use crate::support::{at, journal, location};

fn number(second: i64, value: f64) -> Sample {
    Sample::number(at(second), value)
}

fn of(signal: &str, sample: Sample) -> (String, Sample) {
    (signal.to_owned(), sample)
}

#[test]
fn are_followed_by_a_cursor_in_the_order_of_their_times() {
    let (folder, mut journal) = journal();
    let viewer = Journal::open_existing(&location(&folder)).unwrap();
    assert_eq!(viewer.samples("r", 0, 10).unwrap(), (vec![], 0));
    let missing = |why| Sample::missing(at(3), why);
    let first = [of("a", number(2, 1.5)), of("b", number(1, -2.0)), of("a", missing(Unknown::Error("no route".to_owned())))];
    journal.write_samples("r", &first).unwrap();
    journal.write_samples("other", &[of("a", number(9, 9.0))]).unwrap();
    journal.write_samples("r", &[]).unwrap();
    let (samples, cursor) = viewer.samples("r", 0, 10).unwrap();
    assert_eq!(samples, [first[1].clone(), first[0].clone(), first[2].clone()]);
    assert_eq!(viewer.samples("r", cursor, 10).unwrap(), (vec![], cursor));

    let precise = Timestamp::new(1_750_000_004, 123_456_789).unwrap();
    let later = [of("a", Sample::number(precise, f64::NAN)), of("b", missing(Unknown::TooFew(1, 3)))];
    journal.write_samples("r", &later).unwrap();
    let (samples, next) = viewer.samples("r", cursor, 10).unwrap();
    let nan = Sample::missing(precise, Unknown::NotANumber);
    assert_eq!(samples, [later[1].clone(), of("a", nan)]);
    assert!(next > cursor);
    assert_eq!(viewer.samples("r", 0, 1).unwrap().0.len(), 2, "the newest of each");
}

#[test]
fn are_kept_in_number_and_for_a_time() {
    let (_folder, mut journal) = journal();
    let now = Timestamp::now();
    let ago = |hours: i64| now - jiff::SignedDuration::from_hours(hours);
    journal.write_samples("old", &[of("a", Sample::number(ago(8 * 24), 1.0))]).unwrap();
    journal.write_samples("old", &[of("a", Sample::number(ago(6 * 24), 2.0))]).unwrap();
    let many: Vec<_> = (0..300).map(|place| of("a", Sample::number(now, f64::from(place)))).collect();
    for _ in 0..20 {
        journal.write_samples("r", &many).unwrap();
    }
    journal.write_samples("r", &[of("b", Sample::number(now, 1.0))]).unwrap();
    let (samples, cursor) = journal.samples("r", 0, usize::MAX).unwrap();
    let kept = samples.iter().filter(|(signal, _)| signal == "a").count();
    assert!((5_000..5_600).contains(&kept), "{kept}");
    assert!(cursor > 6_000);
    let left: Vec<_> = journal.samples("old", 0, 10).unwrap().0.into_iter().map(|(_, sample)| sample.value).collect();
    assert_eq!(left, [Value::Number(2.0)]);
}

#[test]
fn the_history_of_one_signal_begins_where_it_is_asked_to() {
    let (folder, mut journal) = journal();
    let missing = Sample::missing(at(4), Unknown::NoData);
    let written = [of("a", number(1, 1.0)), of("b", number(2, 2.0)), of("a", missing.clone()), of("a", number(3, 3.0))];
    journal.write_samples("r", &written).unwrap();
    journal.write_samples("other", &[of("a", number(3, 9.0))]).unwrap();
    let viewer = Journal::open_existing(&location(&folder)).unwrap();
    assert_eq!(viewer.history("r", "a", at(0), 10).unwrap(), [number(1, 1.0), number(3, 3.0), missing.clone()]);
    assert_eq!(viewer.history("r", "a", at(3), 10).unwrap(), [number(3, 3.0), missing]);
    assert_eq!(viewer.history("r", "a", at(0), 1).unwrap(), [number(3, 3.0)], "the newest that was written");
    assert_eq!(viewer.history("r", "c", at(0), 10).unwrap(), []);
}

#[test]
fn a_clock_that_runs_ahead_takes_no_others_away() {
    let (_folder, mut journal) = journal();
    journal.write_samples("r", &[of("a", Sample::number(Timestamp::now(), 1.0))]).unwrap();
    let future = Sample::number(Timestamp::now() + jiff::SignedDuration::from_hours(24 * 365), 2.0);
    journal.write_samples("r", &vec![of("b", future); 600]).unwrap();
    let (samples, _) = journal.samples("r", 0, 1).unwrap();
    assert_eq!(samples.len(), 2);
}
