//! How much less a series tells than as many independent samples would.
//!
//! Neighbouring samples of a metric resemble each other: the same slow minute is in both. The judge takes a series as a
//! first-order autoregression, the plain case of Andrews 1991 ("Heteroskedasticity and autocorrelation consistent covariance
//! matrix estimation"). One coefficient is estimated from both sides together, each about its own mean, and freed from the
//! bias that short series have (Kendall 1954; Marriott and Pope 1954): without that, 30 samples at 0.8 look like 0.65.
//! A negative coefficient counts as none: it would make the judge surer than it should be.

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
            return Self { count, mean: first, squares: 0.0, products: 0.0 };
        }
        let squares = present().map(|sample| (sample - mean).powi(2)).sum();
        let neighbours = samples.iter().zip(samples.iter().skip(1));
        let products = neighbours.map(|(a, b)| (a - mean) * (b - mean)).filter(|product| !product.is_nan()).sum();
        Self { count, mean, squares, products }
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

impl Dependence {
    /// Estimates it from both sides.
    pub(super) fn of(sides: [&Moments; 2]) -> Self {
        let moving = || sides.into_iter().filter(|side| side.squares > 0.0);
        let samples: f64 = moving().map(|side| side.count).sum();
        if samples == 0.0 {
            return Self { coefficient: 0.0, samples: sides.iter().map(|side| side.count).sum() };
        }
        let raw = moving().map(|side| side.products / side.squares * side.count).sum::<f64>() / samples;
        let each = samples / moving().count() as f64;
        // The expectation of the raw estimate is r - (1 + 4 r) / n.
        let corrected = if each > 5.0 { (raw * each + 1.0) / (each - 4.0) } else { HIGHEST };
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
        variance * inflation / n
    }

    /// The degrees of freedom of the variance of a difference, of which each side has its share.
    ///
    /// The logarithm of the estimate has a variance of `2/n` from the size of the deviations, and of `4 i / n` from the
    /// coefficient, where `i` is the inflation; a chi-square with `f` degrees of freedom has `2/f`.
    pub(super) fn freedom(&self, shares: [(f64, f64); 2]) -> f64 {
        let whole: f64 = shares.iter().map(|(variance, _)| variance).sum();
        if whole <= 0.0 {
            return self.samples;
        }
        let sizes: f64 = shares.iter().map(|(variance, count)| 2.0 * (variance / whole).powi(2) / (count - 1.0).max(1.0)).sum();
        2.0 / (sizes + 4.0 * self.inflation() / (self.samples - 2.0).max(1.0))
    }
}
