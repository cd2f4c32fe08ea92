//! Where a function is zero: Brent's method as R's `uniroot` and Kayenta's `BrentSolver` have it, step by step.
//!
//! The step functions that it is used on have no zero to converge to, so that what comes out depends on the way there. For
//! the same numbers as theirs the way has to be the same.

/// The steps after which it gives up, as they do.
const MOST_STEPS: usize = 1001;
/// They stop this near to the zero, **whatever the data's scale**. This is where verdicts on small numbers go wrong.
const TOLERANCE: f64 = 1e-4;

/// Searches between `from` and `to`, where the function has opposite signs.
pub(super) fn zero(from: f64, to: f64, function: impl Fn(f64) -> f64) -> f64 {
    let (mut a, mut b) = (from, to);
    let (mut fa, mut fb) = (function(a), function(b));
    if fa == 0.0 {
        return a;
    }
    if fb == 0.0 {
        return b;
    }
    let (mut c, mut fc) = (a, fa);
    for _ in 0..MOST_STEPS {
        let previous = b - a;
        if fc.abs() < fb.abs() {
            // The best so far is b.
            (a, b, c) = (b, c, b);
            (fa, fb, fc) = (fb, fc, fb);
        }
        let near = 2.0 * f64::EPSILON * b.abs() + TOLERANCE / 2.0;
        let mut step = (c - b) / 2.0;
        if step.abs() <= near || fb == 0.0 {
            return b;
        }
        if previous.abs() >= near && fa.abs() > fb.abs() {
            let way = c - b;
            let (mut p, mut q);
            #[expect(clippy::float_cmp, reason = "whether they are the same point, not near one another")]
            let two_points = a == c;
            if two_points {
                let t = fb / fa;
                p = way * t;
                q = 1.0 - t;
            } else {
                let (u, v, w) = (fa / fc, fb / fc, fb / fa);
                p = w * (way * u * (u - v) - (b - a) * (v - 1.0));
                q = (u - 1.0) * (v - 1.0) * (w - 1.0);
            }
            if p > 0.0 {
                q = -q;
            } else {
                p = -p;
            }
            if p < 0.75 * way * q - (near * q).abs() / 2.0 && p < (previous * q / 2.0).abs() {
                step = p / q;
            }
        }
        if step.abs() < near {
            step = if step > 0.0 { near } else { -near };
        }
        (a, fa) = (b, fb);
        b += step;
        fb = function(b);
        if (fb > 0.0 && fc > 0.0) || (fb < 0.0 && fc < 0.0) {
            (c, fc) = (a, fa);
        }
    }
    b
}
