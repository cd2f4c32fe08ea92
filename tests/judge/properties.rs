//! What holds for whatever is measured.

use flightdeck::health::compare::{
    Case, Count, Data, Direction, Finding, LEAST_SAMPLES, Tolerance, Verdict, compare,
    kayenta::{self, Allowed},
};
use proptest::prelude::*;

fn plain(canary: Vec<f64>, baseline: Vec<f64>, direction: Direction, tolerance: f64) -> Case {
    let (canary, baseline) = (Data::Levels(canary), Data::Levels(baseline));
    Case { name: "m".to_owned(), canary, baseline, direction, tolerance: Tolerance::Relative(tolerance) }
}

fn judged(case: &Case) -> Finding {
    compare(case).expect("a case that could be measured")
}

fn direction() -> impl Strategy<Value = Direction> {
    prop_oneof![Just(Direction::Increase), Just(Direction::Decrease), Just(Direction::Either)]
}

/// Levels about 100, some far off, some missing.
fn measured() -> impl Strategy<Value = Vec<f64>> {
    let level = prop_oneof![8 => 80.0..120.0, 1 => 0.0..1000.0, 1 => Just(f64::NAN)];
    prop::collection::vec(level, 0..60)
}

fn counted() -> impl Strategy<Value = Data> {
    let count = (1_u32..5000, 0.0..1.0_f64).prop_map(|(trials, share)| {
        let trials = f64::from(trials);
        Count { events: (trials * share.powi(6)).floor(), trials }
    });
    prop_oneof![prop::collection::vec(count.clone(), 0..40).prop_map(Data::Counts), count.prop_map(Data::Total)]
}

proptest! {
    #[test]
    fn no_number_makes_it_panic(
        canary in prop::collection::vec(any::<f64>(), 0..40),
        baseline in prop::collection::vec(any::<f64>(), 0..40),
        direction in direction(),
        tolerance in any::<f64>(),
    ) {
        if let Ok(finding) = compare(&plain(canary.clone(), baseline.clone(), direction, tolerance)) {
            prop_assert!(finding.estimate.is_none_or(f64::is_finite));
            prop_assert!(finding.interval.is_none_or(|[low, high]| low <= high), "{:?}", finding.interval);
        }
        let finding = kayenta::compare(&canary, &baseline, direction, 0.98, Allowed::default());
        prop_assert!(finding.ratio.is_none_or(f64::is_finite));
    }

    #[test]
    fn no_count_makes_it_panic(events in any::<f64>(), trials in any::<f64>(), other in counted(), absolute in any::<bool>()) {
        for side in [Data::Total(Count { events, trials }), Data::Counts(vec![Count { events, trials }; 10])] {
            let tolerance = if absolute { Tolerance::Absolute(0.1) } else { Tolerance::Relative(0.1) };
            let case = Case { name: String::new(), canary: side, baseline: other.clone(), direction: Direction::Either, tolerance };
            let turned = Case { canary: case.baseline.clone(), baseline: case.canary.clone(), ..case.clone() };
            for case in [case, turned] {
                if let Ok(finding) = compare(&case) {
                    prop_assert!(finding.interval.is_none_or(|[low, high]| low <= high), "{:?}", finding.interval);
                }
            }
        }
    }

    #[test]
    fn the_unit_does_not_matter(canary in measured(), baseline in measured(), direction in direction(), power in -1000_i32..900) {
        let finding = judged(&plain(canary.clone(), baseline.clone(), direction, 0.1));
        // A power of two is exact, so that nothing may change at all.
        let scaled = |samples: &[f64]| samples.iter().map(|sample| sample * 2.0_f64.powi(power)).collect::<Vec<_>>();
        let other = judged(&plain(scaled(&canary), scaled(&baseline), direction, 0.1));
        prop_assert_eq!(finding.verdict, other.verdict);
        prop_assert_eq!(finding.ratio, other.ratio);
        for factor in [1e-6, 1e6] {
            let scaled = |samples: &[f64]| samples.iter().map(|sample| sample * factor).collect::<Vec<_>>();
            prop_assert_eq!(finding.verdict, judged(&plain(scaled(&canary), scaled(&baseline), direction, 0.1)).verdict);
        }
    }

    #[test]
    fn turned_upside_down_an_increase_is_a_decrease(canary in measured(), baseline in measured()) {
        let turned = |samples: &[f64]| samples.iter().map(|sample| -sample).collect::<Vec<_>>();
        let up = judged(&plain(canary.clone(), baseline.clone(), Direction::Increase, 0.1));
        let down = judged(&plain(turned(&canary), turned(&baseline), Direction::Decrease, 0.1));
        prop_assert_eq!(up.verdict, down.verdict);
        prop_assert_eq!(up.estimate, down.estimate.map(|estimate| -estimate));
    }

    #[test]
    fn a_greater_tolerance_never_turns_a_pass_into_a_failure(canary in measured(), baseline in measured(), direction in direction()) {
        let verdicts = [0.0, 0.05, 0.1, 0.3, 1.0].map(|part| judged(&plain(canary.clone(), baseline.clone(), direction, part)).verdict);
        let passed = verdicts.iter().position(|verdict| *verdict == Verdict::Pass).unwrap_or(verdicts.len());
        prop_assert!(verdicts[passed..].iter().all(|verdict| *verdict != Verdict::Fail), "{verdicts:?}");
    }

    #[test]
    fn a_worse_canary_is_never_judged_better(canary in measured(), baseline in measured(), step in 0.0..100.0) {
        let rank = |verdict| match verdict { Verdict::Pass => 0, Verdict::Unknown => 1, Verdict::Fail => 2 };
        let worse = canary.iter().map(|sample| sample + step).collect();
        let (one, two) = (judged(&plain(canary, baseline.clone(), Direction::Increase, 0.1)), judged(&plain(worse, baseline, Direction::Increase, 0.1)));
        prop_assert!(rank(one.verdict) <= rank(two.verdict), "{} then {}", one.why, two.why);
    }

    #[test]
    fn the_verdict_is_what_the_interval_says(canary in counted(), baseline in counted(), direction in direction(), size in 0.0..0.1) {
        let case = Case { name: String::new(), canary, baseline, direction, tolerance: Tolerance::Absolute(size) };
        let finding = judged(&case);
        let Some([low, high]) = finding.interval else { return Ok(()) };
        let up = direction != Direction::Decrease;
        let down = direction != Direction::Increase;
        match finding.verdict {
            Verdict::Fail => prop_assert!((up && low > size) || (down && high < -size)),
            Verdict::Pass => prop_assert!((!up || high <= size) && (!down || low >= -size)),
            Verdict::Unknown => {}
        }
    }

    #[test]
    fn few_samples_decide_nothing(canary in prop::collection::vec(0.0..1e9, 0..LEAST_SAMPLES), baseline in measured()) {
        prop_assert_eq!(judged(&plain(canary, baseline, Direction::Either, 0.1)).verdict, Verdict::Unknown);
    }
}
