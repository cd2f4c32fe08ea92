//! Kayenta's rules: its numbers are R's, and what is wrong with it is as documented.

use std::{collections::BTreeMap, fmt::Write as _, fs, process::Command};

use flightdeck::health::compare::{
    Direction,
    kayenta::{Allowed, CONFIDENCE, Classification, Finding, Metric, Outcome, compare, score},
};

use super::{judged::Noise, support};

fn judged(canary: &[f64], baseline: &[f64], direction: Direction) -> Finding {
    compare(canary, baseline, direction, CONFIDENCE, Allowed::default())
}

/// Two samples of various sizes and scales, every other pair with ties.
fn generated(seed: u64) -> [Vec<f64>; 2] {
    let mut noise = Noise::seeded(seed);
    let scale = 10.0_f64.powi((noise.share() * 6.0) as i32);
    let shift = noise.normal();
    let ties = seed.is_multiple_of(2);
    [shift, 0.0].map(|shift| {
        let samples = 5 + (noise.share() * 55.0) as usize;
        let level = |noise: &mut Noise| {
            let level = 5.0 + shift + noise.normal();
            scale * if ties { (level * 2.0).round() / 2.0 } else { level }
        };
        (0..samples).map(|_| level(&mut noise)).collect()
    })
}

#[test]
fn interval_and_estimate_are_those_of_r() {
    if Command::new("Rscript").arg("--version").output().is_err() {
        support::skip("Rscript");
        return;
    }
    let cases: Vec<_> = (1..=200).map(generated).collect();
    let list = |samples: &[f64]| samples.iter().map(f64::to_string).collect::<Vec<_>>().join(",");
    let mut script =
        "ask <- function(x, y) { t <- suppressWarnings(wilcox.test(x, y, exact = FALSE, correct = TRUE, conf.int = TRUE, \
                      conf.level = 0.98)); cat(sprintf('%.17g %.17g %.17g\\n', t$estimate, t$conf.int[1], t$conf.int[2])) }\n"
            .to_owned();
    for [canary, baseline] in &cases {
        writeln!(script, "ask(c({}), c({}))", list(canary), list(baseline)).unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cases.R");
    fs::write(&path, script).unwrap();
    let output = Command::new("Rscript").arg("--vanilla").arg(&path).output().unwrap();
    let answers = String::from_utf8(output.stdout).unwrap();
    assert_eq!(answers.lines().count(), cases.len(), "{}", String::from_utf8_lossy(&output.stderr));
    for (at, ([canary, baseline], answer)) in cases.iter().zip(answers.lines()).enumerate() {
        let expected: Vec<f64> = answer.split(' ').map(|number| number.parse().unwrap()).collect();
        let (estimate, [low, high]) = judged(canary, baseline, Direction::Either).shift.unwrap();
        let all = || canary.iter().chain(baseline);
        let spread = all().copied().fold(f64::MIN, f64::max) - all().copied().fold(f64::MAX, f64::min);
        for (what, ours, theirs) in [("estimate", estimate, expected[0]), ("low", low, expected[1]), ("high", high, expected[2])]
        {
            assert!((ours - theirs).abs() <= 1e-3 * spread, "case {at}, {what}: {ours}, R has {theirs}, spread {spread}");
        }
    }
}

type Plain<'a> = (&'a str, &'a [f64], &'a [f64], Direction, Classification);

#[test]
fn the_classes_of_plain_cases() {
    let up: Vec<f64> = (0..30).map(|n| 200.0 + f64::from(n % 7)).collect();
    let base: Vec<f64> = (0..30).map(|n| 100.0 + f64::from(n % 5)).collect();
    let cases: [Plain; 12] = [
        ("above", &up, &base, Direction::Either, Classification::High),
        ("above, asked for", &up, &base, Direction::Increase, Classification::High),
        ("above, not asked for", &up, &base, Direction::Decrease, Classification::Pass),
        ("below", &base, &up, Direction::Either, Classification::Low),
        ("the same", &up, &up, Direction::Either, Classification::Pass),
        ("nothing here", &[], &base, Direction::Either, Classification::Nodata),
        ("nothing there", &up, &[f64::NAN], Direction::Either, Classification::Nodata),
        ("one value", &[1.0, 1.0], &[1.0], Direction::Either, Classification::Pass),
        ("two constants", &[2.0; 5], &[1.0; 5], Direction::Either, Classification::High),
        ("two constants, one nothing", &[0.0; 5], &[1.0; 5], Direction::Either, Classification::Low),
        ("a gap left out", &[2.0, f64::NAN, 2.0], &[1.0, 1.0], Direction::Either, Classification::High),
        ("one against one", &[2.0], &[1.0], Direction::Either, Classification::Error),
    ];
    for (what, canary, baseline, direction, expected) in cases {
        assert_eq!(judged(canary, baseline, direction).classification, expected, "{what}");
    }
}

/// The search stops within 1e-4 of the unit, so that the same doubling is found or not by its unit alone.
#[test]
fn a_doubling_of_small_fractions_passes() {
    let mut noise = Noise::seeded(11);
    let mut around = |level: f64| -> Vec<f64> { (0..30).map(|_| level * (1.0 + 0.3 * noise.normal())).collect() };
    let (canary, baseline) = (around(20.0), around(10.0));
    let in_unit = |samples: &[f64], unit: f64| samples.iter().map(|sample| sample * unit).collect::<Vec<_>>();
    let class = |unit: f64| judged(&in_unit(&canary, unit), &in_unit(&baseline, unit), Direction::Increase).classification;
    assert_eq!(class(1.0), Classification::High);
    assert_eq!(class(1e-6), Classification::Pass);
}

/// The tolerance is a part of the shift and not of the baseline.
#[test]
fn a_harmless_shift_fails_once_it_is_measured_well() {
    let mut noise = Noise::seeded(12);
    let mut around = |level: f64| -> Vec<f64> { (0..60).map(|_| level + noise.normal()).collect() };
    let (canary, baseline) = (around(101.5), around(100.0));
    assert_eq!(judged(&canary, &baseline, Direction::Increase).classification, Classification::High);
}

#[test]
fn a_canary_that_fails_in_more_than_half_of_the_samples_passes() {
    let canary: Vec<f64> = (0..30).map(|n| if n < 19 { 1.0 + f64::from(n) / 10.0 } else { 0.0 }).collect();
    assert_eq!(judged(&canary, &[0.0; 30], Direction::Increase).classification, Classification::Pass);
}

#[test]
fn scores_follow_kayentas_rules() {
    use Classification::{Error, High, Nodata, NodataFailMetric, Pass};
    let metric = |group: &str, critical: bool, classification| Metric {
        name: "m".to_owned(),
        group: group.to_owned(),
        critical,
        classification,
    };
    let weights =
        |list: &[(&str, f64)]| list.iter().map(|(group, weight)| ((*group).to_owned(), *weight)).collect::<BTreeMap<_, _>>();
    let cases = [
        ("all pass", vec![metric("a", false, Pass), metric("b", true, Pass)], weights(&[]), 100.0, Outcome::Pass),
        (
            "a quarter fails",
            vec![metric("a", false, Pass), metric("a", false, High), metric("b", false, Pass)],
            weights(&[]),
            75.0,
            Outcome::Marginal,
        ),
        ("weights", vec![metric("a", false, High), metric("b", false, Pass)], weights(&[("a", 70.0)]), 30.0, Outcome::Fail),
        ("a critical one", vec![metric("a", true, High), metric("b", false, Pass)], weights(&[("b", 99.0)]), 0.0, Outcome::Fail),
        (
            "a critical error does not count",
            vec![metric("a", true, Error), metric("b", false, Pass)],
            weights(&[]),
            100.0,
            Outcome::Pass,
        ),
        ("half without data", vec![metric("a", false, Nodata), metric("b", false, Pass)], weights(&[]), 0.0, Outcome::Fail),
        (
            "required data",
            vec![metric("a", false, NodataFailMetric), metric("b", false, Pass)],
            weights(&[]),
            50.0,
            Outcome::Fail,
        ),
        ("a weight without a group is lost", vec![metric("a", false, Pass)], weights(&[("b", 40.0)]), 60.0, Outcome::Fail),
    ];
    for (what, metrics, weights, expected, outcome) in cases {
        let found = score(&metrics, &weights, 95.0, 75.0);
        assert!((found.score - expected).abs() < 1e-9 && found.outcome == outcome, "{what}: {found:?}");
    }
}
