//! Quantiles of a histogram, as Prometheus computes them.

use crate::health::Unknown;

/// A quantile by Prometheus' rule for `histogram_quantile`: linear within the bucket, of which the lowest begins at zero if its
/// bound is above it; in the bucket without a bound, the highest bound there is. Buckets are by rising bound, with
/// cumulative counts.
pub(super) fn quantile(q: f64, buckets: &[(f64, f64)]) -> Result<f64, Unknown> {
    if !(0.0..=1.0).contains(&q) {
        return Err(Unknown::Error("a quantile is from 0 to 1".to_owned()));
    }
    let [bounded @ .., (infinite, total)] = buckets else { return Err(Unknown::NoData) };
    let Some((highest, _)) = bounded.last() else {
        return Err(Unknown::Error("the histogram has no buckets with a bound".to_owned()));
    };
    if *infinite != f64::INFINITY {
        return Err(Unknown::Error("the histogram has no bucket `+Inf`".to_owned()));
    }
    // Scrapes are no snapshots, so a count may be a little lower than that of the bucket before.
    let mut most = 0.0_f64;
    let counts: Vec<(f64, f64)> = bounded
        .iter()
        .map(|(bound, count)| {
            most = most.max(*count);
            (*bound, most)
        })
        .collect();
    let total = most.max(*total);
    if total <= 0.0 {
        return Err(Unknown::NoData);
    }
    let rank = q * total;
    let mut below = (0.0, 0.0);
    for (index, (upper, count)) in counts.iter().enumerate() {
        if *count < rank {
            below = (*upper, *count);
            continue;
        }
        let (lower, before) = below;
        let inside = count - before;
        if inside <= 0.0 || (index == 0 && *upper <= 0.0) {
            return Ok(if index == 0 && *upper > 0.0 { 0.0 } else { *upper });
        }
        return Ok(lower + (upper - lower) * (rank - before) / inside);
    }
    Ok(*highest)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NONE: Result<f64, Unknown> = Err(Unknown::NoData);

    #[test]
    fn quantiles_by_prometheus_rule() {
        let inf = f64::INFINITY;
        for (q, buckets, expected) in [
            (0.5, &[(1.0, 10.0), (2.0, 20.0), (inf, 20.0)] as &[_], 1.0),
            (0.75, &[(1.0, 10.0), (2.0, 20.0), (inf, 20.0)], 1.5),
            (1.0, &[(1.0, 10.0), (2.0, 20.0), (inf, 20.0)], 2.0),
            (0.0, &[(1.0, 10.0), (2.0, 20.0), (inf, 20.0)], 0.0),
            (0.0, &[(1.0, 0.0), (2.0, 20.0), (inf, 20.0)], 0.0),
            (0.99, &[(1.0, 10.0), (inf, 20.0)], 1.0),
            (0.25, &[(-1.0, 10.0), (inf, 20.0)], -1.0),
            (0.5, &[(-1.0, 0.0), (1.0, 10.0), (inf, 10.0)], 0.0),
            (0.9, &[(1.0, 10.0), (2.0, 9.0), (inf, 10.0)], 0.9),
        ] {
            assert_eq!(quantile(q, buckets), Ok(expected), "{q} {buckets:?}");
        }
        assert!(quantile(1.5, &[(1.0, 1.0), (inf, 1.0)]).is_err());
        assert!(quantile(f64::NAN, &[(1.0, 1.0), (inf, 1.0)]).is_err());
    }

    proptest! {
        #[test]
        fn a_quantile_is_within_the_bounds_and_rises_with_q(
            counts in proptest::collection::vec(0u32..100, 2..8), low in 0.0..=1.0f64, high in 0.0..=1.0f64,
        ) {
            let mut sum = 0.0;
            let last = counts.len() - 1;
            let buckets: Vec<(f64, f64)> = counts.iter().enumerate().map(|(index, count)| {
                sum += f64::from(*count);
                (if index == last { f64::INFINITY } else { index as f64 + 1.0 }, sum)
            }).collect();
            match (quantile(low.min(high), &buckets), quantile(low.max(high), &buckets)) {
                (Ok(lower), Ok(upper)) => {
                    prop_assert!((0.0..=last as f64).contains(&lower) && lower <= upper + 1e-9 && upper <= last as f64 + 1e-9);
                }
                (lower, upper) => {
                    prop_assert_eq!(lower, NONE);
                    prop_assert_eq!(upper, NONE);
                    prop_assert_eq!(sum, 0.0);
                }
            }
        }
    }
}
