//! A small simulation with wide bounds; the whole one is `cargo bench --bench judge`.

use flightdeck::health::compare::Verdict;

use super::judged::{QUESTIONS, own, share};

/// Each bound is far enough from what the large simulation shows for so few runs.
#[test]
fn the_judge_keeps_its_promises_on_made_up_canaries() {
    for question in QUESTIONS {
        let percent = share(question, own, 150);
        let (least, most) = match (question.verdict, question.goal) {
            (_, "") => (0.0, 100.0),
            (Verdict::Fail, "1 or less") => (0.0, 4.0),
            (Verdict::Fail, _) => (84.0, 100.0),
            _ => (97.0, 100.0),
        };
        assert!((least..=most).contains(&percent), "{}: {percent} %, allowed is {least} to {most}", question.what);
    }
}
