//! A small simulation with wide bounds; the whole one is `cargo bench --bench judge`.

use flightdeck::health::compare::Verdict;

use super::judged::{QUESTIONS, kayentas, own, share};

/// Each bound is far enough from what the large simulation shows for so few runs.
#[test]
fn the_judge_keeps_its_promises_on_made_up_canaries() {
    for question in QUESTIONS {
        let percent = share(question, own, 150);
        let (least, most) = match (question.verdict, question.goal) {
            (Verdict::Fail, _) if question.factor == 1.0 => (0.0, 3.0),
            // Noise that grows along with the level: nothing is promised, but nothing is to be lost.
            (_, "none") => (65.0, 100.0),
            (Verdict::Fail, _) => (86.0, 100.0),
            _ => (97.0, 100.0),
        };
        assert!((least..=most).contains(&percent), "{}: {percent} %, allowed is {least} to {most}", question.what);
    }
}

/// The figures beside ours have to be Kayenta's: it takes dependent samples for independent ones.
#[test]
fn kayentas_rules_fail_canaries_that_do_not_differ() {
    let question = QUESTIONS.iter().find(|question| question.what == "dependent, 0.8").unwrap();
    let percent = share(question, kayentas, 20);
    assert!(percent > 40.0, "{percent} %");
}
