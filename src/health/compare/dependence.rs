//! How much less a series tells than as many independent samples would.
//!
//! Neighbouring samples of a metric resemble each other: the same slow minute is in both. The judge takes a series as a
//! first-order autoregression, the plain case of Andrews 1991 ("Heteroskedasticity and autocorrelation consistent covariance
//! matrix estimation"), with one coefficient for both sides. A short series does not tell the coefficient well, and the
//! variance of a mean hangs on it: with 30 samples 0.8 may look like 0.6, which makes the variance three times too small. So
//! no single estimate is taken. Every coefficient from none to nearly one is a candidate, and weighs as much as its
//! likelihood says: the restricted one, of the deviations alone (Cooper and Thompson 1977, "A note on the estimation of the
//! parameters of the autoregressive-moving average process"; Harville 1974), which is free of the bias that short series
//! have (Kendall 1954). A negative coefficient is no candidate: it would make the judge surer than it should be.

/// A series about its mean, gaps in place.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Moments {
    /// How many samples there are.
    pub(super) count: f64,
    pub(super) mean: f64,
    /// The sum of the squared deviations.
    pub(super) squares: f64,
    /// The sum of the products of neighbouring deviations.
    products: f64,
    /// How many neighbours there are.
    pairs: f64,
    /// The squared deviations of the first and last samples of each stretch without a gap.
    ends: f64,
}

impl Moments {
    /// What a series of samples comes to; what is not a number is a gap.
    pub(super) fn of(samples: &[f64]) -> Self {
        let present = || samples.iter().copied().filter(|sample| !sample.is_nan());
        let count = present().count() as f64;
        if count == 0.0 {
            return Self::default();
        }
        let mean = present().sum::<f64>() / count;
        let first = present().next().unwrap_or(mean);
        if present().all(|sample| sample == first) {
            // The mean of equal numbers is not always that number once it is rounded.
            return Self { count, mean: first, ..Self::default() };
        }
        Self { mean, ..Self::about(mean, samples) }
    }

    /// The same about a mean that is known.
    pub(super) fn about(mean: f64, samples: &[f64]) -> Self {
        let mut moments = Self { mean, ..Self::default() };
        let mut last = f64::NAN;
        for deviation in samples.iter().map(|sample| sample - mean).chain([f64::NAN]) {
            match (last.is_nan(), deviation.is_nan()) {
                (true, false) => moments.ends += deviation * deviation,
                (false, true) => moments.ends += last * last,
                (false, false) => {
                    moments.products += last * deviation;
                    moments.pairs += 1.0;
                }
                (true, true) => {}
            }
            if !deviation.is_nan() {
                moments.count += 1.0;
                moments.squares += deviation * deviation;
            }
            last = deviation;
        }
        moments
    }

    /// The sum of the squares of what each sample has beyond `r` times the one before. The first of a stretch has nothing
    /// before it and counts by its own variance.
    fn innovations(&self, r: f64) -> f64 {
        let sum = self.squares - 2.0 * r * self.products + r * r * (self.squares - self.ends);
        // It is never nothing but by rounding.
        sum.max(self.squares * f64::EPSILON)
    }

    /// The logarithm of the restricted likelihood of a coefficient, but for a constant.
    fn log_likelihood(&self, r: f64) -> f64 {
        let n = self.count;
        let firsts = (n - self.pairs) * (1.0 - r * r).ln();
        let of_mean = ((1.0 - r) * (n - (n - 2.0) * r)).ln();
        (firsts - of_mean - (n - 1.0) * (self.innovations(r) / self.squares).ln()) / 2.0
    }

    /// The variance of the series' mean if it has this coefficient.
    pub(super) fn variance_of_mean(&self, r: f64) -> f64 {
        if self.squares == 0.0 {
            return 0.0;
        }
        let n = self.count;
        let variance = self.innovations(r) / ((n - 1.0).max(1.0) * (1.0 - r * r));
        let inflation = inflation(r) - 2.0 * r * (1.0 - r.powf(n)) / (n * (1.0 - r).powi(2));
        variance * inflation.max(1.0) / n
    }
}

/// How many samples tell as much as one independent sample, in a long series.
pub(super) fn inflation(r: f64) -> f64 {
    (1.0 + r) / (1.0 - r)
}

/// A coefficient that the samples may have.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate {
    /// The lag-one autocorrelation.
    pub(super) coefficient: f64,
    /// The logarithm of its weight among the candidates, but for a constant.
    pub(super) log_weight: f64,
}

/// Near one a mean over the time watched says nothing any more.
const HIGHEST: f64 = 0.98;
/// How many candidates there are; more of them change no digit that is shown.
const CANDIDATES: u32 = 20;
/// How many standard deviations of the estimate they reach below and above it. A coefficient that is too small does harm, so
/// that what is above has to be there even if it is unlikely.
const REACH: (f64, f64) = (4.0, 8.0);

/// What the coefficient may be, from the samples of both sides.
///
/// They are even steps of Fisher's transform `atanh r`, in which all coefficients are about equally well known. Before there
/// is a sample a coefficient weighs `r (1 - r)`: metrics are rarely independent and rarely drift. A dozen samples outweigh it.
pub(super) fn candidates(sides: [&Moments; 2]) -> impl Iterator<Item = Candidate> {
    let moving = move || sides.into_iter().filter(|side| side.squares > 0.0);
    let pairs: f64 = moving().map(|side| side.pairs).sum();
    let estimate = moving().map(|side| side.pairs * side.products / side.squares).sum::<f64>() / pairs.max(1.0);
    let estimate = estimate.clamp(0.0, HIGHEST).atanh();
    let deviation = 1.0 / pairs.max(1.0).sqrt();
    let low = (estimate - REACH.0 * deviation).max(0.0);
    let high = (estimate + REACH.1 * deviation).min(HIGHEST.atanh());
    (0..CANDIDATES).map(move |step| {
        let share = (f64::from(step) + 0.5) / f64::from(CANDIDATES);
        let r = (low + share * (high - low)).tanh();
        // The last is for the even steps of the transform, which are none of the coefficient.
        let before = r.ln() + (1.0 - r).ln() + (1.0 - r * r).ln();
        Candidate { coefficient: r, log_weight: before + moving().map(|side| side.log_likelihood(r)).sum::<f64>() }
    })
}
