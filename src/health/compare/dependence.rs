//! How much less a series tells than as many independent samples would.
//!
//! Neighbouring samples of a metric resemble each other: the same slow minute is in both. The judge takes a series as a
//! first-order autoregression, the plain case of Andrews 1991 ("Heteroskedasticity and autocorrelation consistent covariance
//! matrix estimation"). One coefficient is estimated from both sides together, each about its own mean, by Burg's rule (1967),
//! and freed from the bias that short series have (Kendall 1954; Marriott and Pope 1954): without that, 30 samples at 0.8
//! look like 0.7. A negative coefficient counts as none: it would make the judge surer than it should be.

/// A series about its mean, gaps in place.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Moments {
    /// How many samples there are.
    pub(super) count: f64,
    pub(super) mean: f64,
    /// The sum of the squared deviations.
    pub(super) squares: f64,
    /// The sum of the products of neighbouring deviations, and of the means of their squares.
    neighbours: (f64, f64),
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
            return Self { count, mean: first, squares: 0.0, neighbours: (0.0, 0.0) };
        }
        let squares = present().map(|sample| (sample - mean).powi(2)).sum();
        let pairs = samples.iter().zip(samples.iter().skip(1)).map(|(a, b)| (a - mean, b - mean));
        // A pair with a gap in it tells nothing.
        let pairs = pairs.filter(|(a, b)| !a.is_nan() && !b.is_nan());
        let neighbours = pairs.fold((0.0, 0.0), |(products, sizes), (a, b)| (products + a * b, sizes + (a * a + b * b) / 2.0));
        Self { count, mean, squares, neighbours }
    }

    /// The lag-one autocorrelation, biased; none without neighbours.
    fn coefficient(&self) -> f64 {
        let (products, sizes) = self.neighbours;
        if sizes > 0.0 { products / sizes } else { 0.0 }
    }
}

/// How samples depend on their neighbours.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dependence {
    /// The lag-one autocorrelation.
    coefficient: f64,
    /// How many samples it was estimated from.
    samples: f64,
}

/// Near one a mean over the time watched says nothing any more.
const HIGHEST: f64 = 0.98;
/// That of a coefficient of a half.
const USUAL_INFLATION: f64 = 3.0;
/// How much the variance is taken up where the coefficient is hard to measure; set by simulation.
const DOUBT: f64 = 20.0;

impl Dependence {
    /// Estimates it from both sides.
    pub(super) fn of(sides: [&Moments; 2]) -> Self {
        let moving = || sides.into_iter().filter(|side| side.squares > 0.0);
        let samples: f64 = moving().map(|side| side.count).sum();
        if samples == 0.0 {
            return Self { coefficient: 0.0, samples: sides.iter().map(|side| side.count).sum() };
        }
        let raw = moving().map(|side| side.coefficient() * side.count).sum::<f64>() / samples;
        let each = samples / moving().count() as f64;
        // The expectation of the raw estimate is r - (1 + 3 r) / n.
        let corrected = if each > 4.0 { (raw * each + 1.0) / (each - 3.0) } else { HIGHEST };
        Self { coefficient: corrected.clamp(0.0, HIGHEST), samples }
    }

    /// How many samples tell as much as one independent sample, in a long series.
    pub(super) fn inflation(&self) -> f64 {
        (1.0 + self.coefficient) / (1.0 - self.coefficient)
    }

    /// The variance of a series' mean.
    pub(super) fn variance_of_mean(&self, side: &Moments) -> f64 {
        if side.squares == 0.0 {
            return 0.0;
        }
        let (r, n) = (self.coefficient, side.count);
        let inflation = (self.inflation() - 2.0 * r * (1.0 - r.powf(n)) / (n * (1.0 - r).powi(2))).max(1.0);
        // The deviations are about the series' own mean, which takes part of the variance with it.
        let variance = side.squares / (n - inflation).max(0.5);
        // The coefficient may be underestimated, the more so the fewer samples there are in relation to it.
        variance * inflation / n * (1.0 + DOUBT * (self.inflation() / self.samples).powi(2))
    }

    /// The degrees of freedom of the variance of a difference, of which each side has its share.
    ///
    /// The logarithm of the estimate has a variance of `2/n` from the size of the deviations, and of `4 i / n` from the
    /// coefficient, where `i` is the inflation; a chi-square with `f` degrees of freedom has `2/f`. The inflation taken here
    /// is drawn towards a usual one: an estimate that is too small by chance would else claim to be a good one as well.
    pub(super) fn freedom(&self, shares: [(f64, f64); 2]) -> f64 {
        let whole: f64 = shares.iter().map(|(variance, _)| variance).sum();
        if whole <= 0.0 {
            return self.samples;
        }
        let sizes: f64 = shares.iter().map(|(variance, count)| 2.0 * (variance / whole).powi(2) / (count - 1.0).max(1.0)).sum();
        let inflation = (self.inflation() * USUAL_INFLATION).sqrt();
        2.0 / (sizes + 4.0 * inflation / (self.samples - 2.0).max(1.0))
    }
}
