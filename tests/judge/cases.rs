//! Cases that have one right answer.

use flightdeck::health::compare::{Case, CaseError, Count, Data, Direction, Finding, LEAST_SAMPLES, Tolerance, Verdict, compare};

fn case(canary: Data, baseline: Data, direction: Direction) -> Case {
    Case { name: "p95 latency".to_owned(), canary, baseline, direction, tolerance: Tolerance::default() }
}

fn levels(canary: impl Fn(usize) -> f64, baseline: impl Fn(usize) -> f64, samples: usize) -> Case {
    let side = |level: &dyn Fn(usize) -> f64| Data::Levels((0..samples).map(level).collect());
    case(side(&canary), side(&baseline), Direction::Increase)
}

fn counts(canary: [f64; 2], baseline: [f64; 2], samples: usize) -> Case {
    let side = |[events, trials]: [f64; 2]| Data::Counts(vec![Count { events, trials }; samples]);
    case(side(canary), side(baseline), Direction::Increase)
}

fn totals(canary: [f64; 2], baseline: [f64; 2]) -> Case {
    let side = |[events, trials]: [f64; 2]| Data::Total(Count { events, trials });
    case(side(canary), side(baseline), Direction::Increase)
}

fn judged(case: &Case) -> Finding {
    compare(case).unwrap()
}

/// Noise without chance: -1, 0 and 1 in a pattern that neighbours do not share.
fn wobble(n: usize) -> f64 {
    [0.0, 1.0, -1.0, 1.0, 0.0, -1.0, 0.0][n % 7]
}

#[test]
fn levels_pass_fail_or_are_unknown() {
    let flat = |level: f64| move |n| level + wobble(n);
    let other = |level: f64| move |n| level + wobble(n + 3);
    let cases = [
        ("the same", levels(flat(100.0), other(100.0), 30), Verdict::Pass),
        ("1 % above", levels(flat(101.0), other(100.0), 30), Verdict::Pass),
        ("30 % above", levels(flat(130.0), other(100.0), 30), Verdict::Fail),
        ("30 % below, where more is worse", levels(flat(70.0), other(100.0), 30), Verdict::Pass),
        ("at the tolerance", levels(flat(110.0), other(100.0), 30), Verdict::Unknown),
        ("below nothing, 30 % up", levels(flat(-70.0), other(-100.0), 30), Verdict::Fail),
        ("constant and the same", levels(|_| 5.0, |_| 5.0, 8), Verdict::Pass),
        ("constant and twice", levels(|_| 10.0, |_| 5.0, 8), Verdict::Fail),
        ("nothing on either side", levels(|_| 0.0, |_| 0.0, 8), Verdict::Pass),
        ("19 of 30 samples against nothing", levels(|n| f64::from(n * 19 % 30 < 19), |_| 0.0, 30), Verdict::Fail),
        ("19 of 30 in one stretch", levels(|n| f64::from(n < 19), |_| 0.0, 30), Verdict::Unknown),
        ("now and then against nothing", levels(|n| f64::from(n % 10 == 0), |_| 0.0, 30), Verdict::Unknown),
    ];
    for (what, case, verdict) in cases {
        let finding = judged(&case);
        assert_eq!(finding.verdict, verdict, "{what}: {}", finding.why);
    }
}

#[test]
fn counts_pass_fail_or_are_unknown() {
    let cases = [
        ("ten times", counts([20.0, 2000.0], [2.0, 2000.0], 20), Verdict::Fail),
        ("the same, many", counts([500.0, 2000.0], [500.0, 2000.0], 60), Verdict::Pass),
        ("the same, few", counts([2.0, 2000.0], [2.0, 2000.0], 20), Verdict::Unknown),
        ("no event on either side", counts([0.0, 2000.0], [0.0, 2000.0], 20), Verdict::Pass),
        ("no event, hardly a trial", counts([0.0, 20.0], [0.0, 20.0], 10), Verdict::Unknown),
        ("one event a sample against none", counts([1.0, 2000.0], [0.0, 2000.0], 20), Verdict::Fail),
        ("a third of it", counts([10.0, 2000.0], [30.0, 2000.0], 20), Verdict::Pass),
        ("19 against none", totals([19.0, 30_000.0], [0.0, 30_000.0]), Verdict::Fail),
        ("3 against none", totals([3.0, 30_000.0], [0.0, 30_000.0]), Verdict::Unknown),
        ("3 of few against 10 of many", totals([3.0, 1000.0], [10.0, 100_000.0]), Verdict::Unknown),
        ("most fail on both sides", totals([9_900.0, 10_000.0], [9_890.0, 10_000.0]), Verdict::Pass),
        ("all fail beside few", totals([1000.0, 1000.0], [10.0, 1000.0]), Verdict::Fail),
    ];
    for (what, case, verdict) in cases {
        let finding = judged(&case);
        assert_eq!(finding.verdict, verdict, "{what}: {}", finding.why);
        let (Some([low, high]), Some(estimate)) = (finding.interval, finding.estimate) else { continue };
        assert!(low <= estimate && estimate <= high, "{what}: {low} to {high} is not about {estimate}");
    }
}

#[test]
fn an_absolute_tolerance_is_in_the_metrics_own_unit() {
    let with = |case: Case, size: f64| judged(&Case { tolerance: Tolerance::Absolute(size), ..case }).verdict;
    let rare = totals([3.0, 30_000.0], [0.0, 30_000.0]);
    assert_eq!(with(rare.clone(), 0.005), Verdict::Pass);
    assert_eq!(with(counts([40.0, 1000.0], [10.0, 1000.0], 20), 0.005), Verdict::Fail);
    let up = levels(|n| 120.0 + wobble(n), |n| 100.0 + wobble(n + 3), 30);
    assert_eq!(with(up.clone(), 30.0), Verdict::Pass);
    assert_eq!(with(up, 10.0), Verdict::Fail);
}

#[test]
fn too_few_samples_are_unknown_and_it_says_how_many_more() {
    for samples in 0..LEAST_SAMPLES {
        let finding = judged(&levels(|_| 900.0, |_| 1.0, samples));
        assert_eq!((finding.verdict, finding.more), (Verdict::Unknown, Some((LEAST_SAMPLES - samples) as u64)), "{samples}");
    }
    let gaps = case(Data::Levels(vec![f64::NAN; 60]), Data::Levels(vec![1.0; 60]), Direction::Either);
    assert_eq!(judged(&gaps).verdict, Verdict::Unknown);
    let two = counts([900.0, 1000.0], [1.0, 1000.0], 2);
    assert_eq!(judged(&two).verdict, Verdict::Unknown);
    let unclear = judged(&levels(|n| 105.0 + 20.0 * wobble(n), |n| 100.0 + 20.0 * wobble(n + 3), 30));
    assert!(unclear.verdict == Verdict::Unknown && unclear.more.is_some_and(|more| more > 0), "{}", unclear.why);
}

#[test]
fn the_sentence_says_where_the_canary_is() {
    let why = judged(&levels(|n| 125.0 + 3.0 * wobble(n), |n| 100.0 + 3.0 * wobble(n + 3), 30)).why;
    assert!(why.starts_with("p95 latency is 2") && why.ends_with(" % above the baseline; allowed is 10 % above"), "{why}");
    let why = judged(&counts([20.0, 2000.0], [2.0, 2000.0], 20)).why;
    assert!(why.ends_with("(400 of 40000 beside 40 of 40000)"), "{why}");
    let why = judged(&totals([0.0, 0.0], [0.0, 0.0])).why;
    assert_eq!(why, "p95 latency has 0 trials on a side; at least 100 on each are needed");
}

#[test]
fn bursts_of_failures_count_for_less_than_even_ones() {
    // The same sums: a few bad samples beside the same number every time.
    let burst = |n: usize| Count { events: if n.is_multiple_of(10) { 70.0 } else { 0.0 }, trials: 1000.0 };
    let baseline = Data::Counts((0..30).map(|n| Count { events: 2.0 + (n % 2) as f64, trials: 1000.0 }).collect());
    let bursts = case(Data::Counts((0..30).map(burst).collect()), baseline.clone(), Direction::Increase);
    let even = case(Data::Counts(vec![Count { events: 7.0, trials: 1000.0 }; 30]), baseline, Direction::Increase);
    assert_eq!(judged(&even).verdict, Verdict::Fail);
    assert_eq!(judged(&bursts).verdict, Verdict::Unknown);
}

#[test]
fn what_cannot_have_been_measured_is_refused_in_words() {
    let good = || Data::Levels(vec![1.0; 10]);
    let counted = |events: f64, trials: f64| Data::Counts(vec![Count { events, trials }]);
    let cases = [
        (case(Data::Levels(vec![1.0, f64::INFINITY]), good(), Direction::Either), "canary sample 2 is inf"),
        (case(counted(3.0, 2.0), counted(0.0, 1.0), Direction::Either), "canary sample 1 has 3 events of 2 trials"),
        (case(counted(1.0, 2.0), counted(-1.0, 1.0), Direction::Either), "baseline sample 1"),
        (case(counted(1.0, 2.0), good(), Direction::Either), "both be"),
        (Case { tolerance: Tolerance::Relative(-0.1), ..case(good(), good(), Direction::Either) }, "tolerance of -0.1"),
        (
            Case { tolerance: Tolerance::Absolute(1.0), ..totals([5.0, 1000.0], [5.0, 1000.0]) },
            "an absolute tolerance of 1 for events of trials would allow everything; 0.01 is one point",
        ),
    ];
    for (case, said) in cases {
        let error: CaseError = compare(&case).unwrap_err();
        assert!(error.to_string().contains(said), "{error}");
    }
}
