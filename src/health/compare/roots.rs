//! Where a function falls through nothing.

/// Where a falling function crosses nothing within a range; an end of the range if it does not: so many halvings until it is
/// near, then regula falsi with Illinois' rule.
pub(super) fn crossing([mut low, mut high]: [f64; 2], halvings: usize, function: impl Fn(f64) -> f64) -> f64 {
    const STEPS: usize = 60;
    const NEAR: f64 = 1e-10;
    let (mut at_low, mut at_high) = (function(low), function(high));
    if at_low <= 0.0 {
        return low;
    }
    if at_high >= 0.0 {
        return high;
    }
    let mut raised = None;
    for step in 0..halvings + STEPS {
        let straight = (low * at_high - high * at_low) / (at_high - at_low);
        let middle = if step < halvings || !(low..=high).contains(&straight) { f64::midpoint(low, high) } else { straight };
        let at_middle = function(middle);
        if at_middle.abs() < NEAR || high - low < NEAR {
            return middle;
        }
        let below = at_middle > 0.0;
        if below {
            (low, at_low) = (middle, at_middle);
        } else {
            (high, at_high) = (middle, at_middle);
        }
        // The end that stays twice is taken for half as far out.
        if raised == Some(below) && step >= halvings {
            if below { at_high /= 2.0 } else { at_low /= 2.0 }
        }
        raised = Some(below);
    }
    f64::midpoint(low, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crossing_is_found_and_an_end_stands_for_none() {
        for root in [-39.0, -1.5, 0.0, 1e-3, 7.0] {
            let found = crossing([-40.0, 40.0], 6, |x| (root - x).powi(3) + (root - x));
            assert!((found - root).abs() < 1e-9, "{found} is not {root}");
        }
        assert_eq!(crossing([0.0, 1.0], 6, |_| 1.0), 1.0);
        assert_eq!(crossing([0.0, 1.0], 6, |_| -1.0), 0.0);
    }
}
