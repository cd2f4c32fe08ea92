//! Canaries made up by a seeded generator, so that what is true of them is known, and how often a judge finds it.

use flightdeck::health::compare::{
    Case, Count, Data, Direction, Tolerance, Verdict, compare,
    kayenta::{self, Allowed, Classification},
};

/// Numbers that look random and are the same in every run (xorshift64*, Vigna 2016).
#[derive(Debug, Clone)]
pub(crate) struct Noise(u64);

impl Noise {
    pub(crate) fn seeded(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn bits(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// Between nothing and one, neither included.
    pub(crate) fn share(&mut self) -> f64 {
        ((self.bits() >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }

    /// Of mean nothing and variance one (Box and Muller).
    pub(crate) fn normal(&mut self) -> f64 {
        (-2.0 * self.share().ln()).sqrt() * (std::f64::consts::TAU * self.share()).cos()
    }

    /// How many of rare events happen where so many are expected.
    fn events(&mut self, expected: f64) -> f64 {
        let (mut left, mut events) = (self.share().ln() + expected, 0.0);
        while left > 0.0 {
            events += 1.0;
            left += self.share().ln();
        }
        events
    }
}

/// How a metric moves on its own.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    /// 100 with so much noise.
    Normal(f64),
    /// Long to the right; the standard deviation of the logarithm.
    LogNormal(f64),
    /// 100 with so much noise, each sample like the one before by this coefficient.
    Dependent(f64, f64),
    /// The same, with noise that grows along with the level.
    Growing(f64, f64),
    /// A tenth of a percent of 2,000 requests a sample; the rate itself varies by this much.
    Failures(f64),
}

/// How one side is measured, with a level `factor` times as high.
pub(crate) fn side(noise: &mut Noise, kind: Kind, factor: f64, samples: usize) -> Data {
    let mut last = noise.normal();
    let mut level = |kind| match kind {
        Kind::Normal(spread) => 100.0 * (factor + spread * noise.normal()),
        Kind::LogNormal(spread) => 100.0 * factor * (spread * noise.normal()).exp(),
        Kind::Dependent(coefficient, spread) | Kind::Growing(coefficient, spread) => {
            let grown = if matches!(kind, Kind::Growing(..)) { spread * factor } else { spread };
            let level = 100.0 * (factor + grown * last);
            last = coefficient * last + (1.0_f64 - coefficient * coefficient).sqrt() * noise.normal();
            level
        }
        Kind::Failures(spread) => {
            let expected = 2.0 * factor * (spread * noise.normal() - spread * spread / 2.0).exp();
            noise.events(expected).min(2000.0)
        }
    };
    let levels = (0..samples).map(|_| level(kind));
    match kind {
        Kind::Failures(_) => Data::Counts(levels.map(|events| Count { events, trials: 2000.0 }).collect()),
        Kind::Normal(_) | Kind::LogNormal(_) | Kind::Dependent(..) | Kind::Growing(..) => Data::Levels(levels.collect()),
    }
}

/// The first samples of a side.
fn first(data: &Data, samples: usize) -> Data {
    match data {
        Data::Levels(levels) => Data::Levels(levels.iter().copied().take(samples).collect()),
        Data::Counts(counts) => Data::Counts(counts.iter().copied().take(samples).collect()),
        Data::Total(total) => Data::Total(*total),
    }
}

/// What a judge makes of a case.
pub(crate) type Judge = fn(&Case) -> Verdict;

/// The judge of this project.
pub(crate) fn own(case: &Case) -> Verdict {
    compare(case).map_or(Verdict::Unknown, |finding| finding.verdict)
}

/// Kayenta's, which knows counts only as fractions.
pub(crate) fn kayentas(case: &Case) -> Verdict {
    let levels = |data: &Data| match data {
        Data::Levels(levels) => levels.clone(),
        Data::Counts(counts) => counts.iter().map(|count| count.events / count.trials).collect(),
        Data::Total(total) => vec![total.events / total.trials],
    };
    let (canary, baseline) = (levels(&case.canary), levels(&case.baseline));
    match kayenta::compare(&canary, &baseline, case.direction, kayenta::CONFIDENCE, Allowed::default()).classification {
        Classification::Pass => Verdict::Pass,
        Classification::High | Classification::Low => Verdict::Fail,
        Classification::Nodata | Classification::NodataFailMetric | Classification::Error => Verdict::Unknown,
    }
}

/// One kind of canary, and what is asked of a judge.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Question {
    pub(crate) what: &'static str,
    pub(crate) kind: Kind,
    /// The canary's level is the baseline's times this.
    pub(crate) factor: f64,
    pub(crate) tolerance: f64,
    /// The verdict that counts.
    pub(crate) verdict: Verdict,
    /// At how many samples it is looked; it counts if any look gives it.
    pub(crate) looks: &'static [usize],
    /// What is wanted, in percent.
    pub(crate) goal: &'static str,
}

/// Every tenth sample up to 180.
pub(crate) const ALL: &[usize] = &[10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110, 120, 130, 140, 150, 160, 170, 180];
/// Every tenth sample up to 60.
pub(crate) const SIXTY: &[usize] = &[10, 20, 30, 40, 50, 60];
/// The one look.
const AT_SIXTY: &[usize] = &[60];

/// What the judge promises.
pub(crate) const QUESTIONS: &[Question] = &[
    alike("normal", Kind::Normal(0.2), 0.0),
    alike("log-normal", Kind::LogNormal(1.0), 0.0),
    alike("dependent, 0.5", Kind::Dependent(0.5, 0.2), 0.0),
    alike("dependent, 0.8", Kind::Dependent(0.8, 0.2), 0.0),
    Question { goal: "none", ..alike("dependent, 0.9", Kind::Dependent(0.9, 0.2), 0.0) },
    alike("dependent, 0.8, tolerance 10 %", Kind::Dependent(0.8, 0.2), 0.1),
    alike("failures", Kind::Failures(0.0), 0.0),
    alike("failures in bursts", Kind::Failures(0.7), 0.0),
    shifted("+50 %, noise 20 %, in 60", Kind::Normal(0.2), 1.5, SIXTY, "95 or more"),
    shifted("+50 %, dependent, 0.5, in 60", Kind::Dependent(0.5, 0.2), 1.5, SIXTY, "90 or more"),
    shifted("+50 %, dependent, 0.8, in 180", Kind::Dependent(0.8, 0.2), 1.5, ALL, "90 or more"),
    shifted("+50 %, dependent, 0.5, growing noise, in 60", Kind::Growing(0.5, 0.2), 1.5, SIXTY, "none"),
    shifted("+50 %, dependent, 0.8, growing noise, in 180", Kind::Growing(0.8, 0.2), 1.5, ALL, "none"),
    shifted("failures 0.1 % to 1 %, in 60", Kind::Failures(0.0), 10.0, SIXTY, "95 or more"),
    harmless("+1 %, noise 1 %, at 60", Kind::Normal(0.01)),
    harmless("+1 %, noise 5 %, at 60", Kind::Normal(0.05)),
    harmless("+1 %, noise 10 %, at 60", Kind::Normal(0.1)),
];

const fn alike(what: &'static str, kind: Kind, tolerance: f64) -> Question {
    Question { what, kind, factor: 1.0, tolerance, verdict: Verdict::Fail, looks: ALL, goal: "1 or less" }
}

const fn shifted(what: &'static str, kind: Kind, factor: f64, looks: &'static [usize], goal: &'static str) -> Question {
    Question { what, kind, factor, tolerance: 0.1, verdict: Verdict::Fail, looks, goal }
}

const fn harmless(what: &'static str, kind: Kind) -> Question {
    Question { what, kind, factor: 1.01, tolerance: 0.1, verdict: Verdict::Pass, looks: AT_SIXTY, goal: "99.5 or more" }
}

/// In how many percent of the runs the judge gives the verdict asked about.
pub(crate) fn share(question: &Question, judge: Judge, runs: u64) -> f64 {
    let longest = question.looks.iter().copied().max().unwrap_or(0);
    let given = (0..runs).filter(|run| {
        let mut noise = Noise::seeded(run + 1);
        let canary = side(&mut noise, question.kind, question.factor, longest);
        let baseline = side(&mut noise, question.kind, 1.0, longest);
        question.looks.iter().any(|look| {
            let (canary, baseline) = (first(&canary, *look), first(&baseline, *look));
            let tolerance = Tolerance::Relative(question.tolerance);
            judge(&Case { name: String::new(), canary, baseline, direction: Direction::Either, tolerance }) == question.verdict
        })
    });
    given.count() as f64 * 100.0 / runs as f64
}
