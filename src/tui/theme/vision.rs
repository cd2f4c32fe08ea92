//! What colours are to eyes that see fewer of them, and how far apart two colours are to an eye.

use super::contrast::{Rgb, light};

/// Which eyes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Eyes {
    Usual,
    Deuteranopia,
    Protanopia,
    Tritanopia,
}

impl Eyes {
    /// Machado, Oliveira and Fernandes, "A Physiologically-based Model for Simulation of Color Vision Deficiency" (2009),
    /// severity 1.0; for linear red, green and blue.
    fn matrix(self) -> [[f64; 3]; 3] {
        match self {
            Self::Usual => [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
            Self::Protanopia => {
                [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
            }
            Self::Deuteranopia => {
                [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
            }
            Self::Tritanopia => {
                [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
            }
        }
    }
}

/// How far apart two colours are to these eyes: CIEDE2000, where 1 is just to be seen side by side.
pub(super) fn apart(eyes: Eyes, one: Rgb, other: Rgb) -> f64 {
    ciede2000(lab(seen(eyes, one)), lab(seen(eyes, other)))
}

/// Linear red, green and blue as these eyes see them.
fn seen(eyes: Eyes, (r, g, b): Rgb) -> [f64; 3] {
    let linear = [light(r), light(g), light(b)];
    eyes.matrix().map(|row| row.iter().zip(linear).map(|(weight, part)| weight * part).sum::<f64>().clamp(0.0, 1.0))
}

/// CIELAB under D65.
fn lab([r, g, b]: [f64; 3]) -> [f64; 3] {
    let x = (0.4124564 * r + 0.3575761 * g + 0.1804375 * b) / 0.95047;
    let y = 0.2126729 * r + 0.7151522 * g + 0.0721750 * b;
    let z = (0.0193339 * r + 0.1191920 * g + 0.9503041 * b) / 1.08883;
    let root = |t: f64| if t > 216.0 / 24389.0 { t.cbrt() } else { (24389.0 / 27.0 * t + 16.0) / 116.0 };
    let (x, y, z) = (root(x), root(y), root(z));
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

/// As in Sharma, Wu and Dalal, "The CIEDE2000 Color-Difference Formula" (2005).
fn ciede2000([l1, a1, b1]: [f64; 3], [l2, a2, b2]: [f64; 3]) -> f64 {
    let seventh = |chroma: f64| (chroma.powi(7) / (chroma.powi(7) + 25.0_f64.powi(7))).sqrt();
    let stretch = 1.5 - 0.5 * seventh(f64::midpoint(a1.hypot(b1), a2.hypot(b2)));
    let (a1, a2) = (a1 * stretch, a2 * stretch);
    let (c1, c2) = (a1.hypot(b1), a2.hypot(b2));
    let hue = |a: f64, b: f64| b.atan2(a).to_degrees().rem_euclid(360.0);
    let (h1, h2) = (hue(a1, b1), hue(a2, b2));
    let grey = c1 * c2 == 0.0;
    let turn = if grey { 0.0 } else { (h2 - h1 + 180.0).rem_euclid(360.0) - 180.0 };
    let dh = 2.0 * (c1 * c2).sqrt() * (turn / 2.0).to_radians().sin();
    let l = f64::midpoint(l1, l2);
    let c = f64::midpoint(c1, c2);
    let h = match () {
        () if grey => h1 + h2,
        () if (h1 - h2).abs() <= 180.0 => f64::midpoint(h1, h2),
        () if h1 + h2 < 360.0 => f64::midpoint(h1, h2) + 180.0,
        () => f64::midpoint(h1, h2) - 180.0,
    };
    let wave = |factor: f64, shift: f64| (h * factor + shift).to_radians().cos();
    let t = 1.0 - 0.17 * wave(1.0, -30.0) + 0.24 * wave(2.0, 0.0) + 0.32 * wave(3.0, 6.0) - 0.20 * wave(4.0, -63.0);
    let turned = 30.0 * (-((h - 275.0) / 25.0).powi(2)).exp();
    let (dl, dc) =
        ((l2 - l1) / (1.0 + 0.015 * (l - 50.0).powi(2) / (20.0 + (l - 50.0).powi(2)).sqrt()), (c2 - c1) / (1.0 + 0.045 * c));
    let dh = dh / (1.0 + 0.015 * c * t);
    let rotation = -(2.0 * turned).to_radians().sin() * 2.0 * seventh(c);
    (dl.powi(2) + dc.powi(2) + dh.powi(2) + rotation * dc * dh).sqrt()
}

#[test]
fn differences_are_those_of_the_paper() {
    for (one, other, difference) in [
        ([50.0, 2.6772, -79.7751], [50.0, 0.0, -82.7485], 2.0425),
        ([50.0, 2.49, -0.001], [50.0, -2.49, 0.0009], 7.1792),
        ([50.0, -0.001, 2.49], [50.0, 0.0011, -2.49], 4.7461),
        ([50.0, 2.5, 0.0], [73.0, 25.0, -18.0], 27.1492),
        ([60.2574, -34.0099, 36.2677], [60.4626, -34.1751, 39.4387], 1.2644),
        ([2.0776, 0.0795, -1.135], [0.9033, -0.0636, -0.5514], 0.9082),
    ] {
        assert!((ciede2000(one, other) - difference).abs() < 0.0001, "{one:?} {other:?}: {}", ciede2000(one, other));
    }
}

#[test]
fn fewer_colours_are_seen() {
    let (red, green) = ((200, 60, 40), (110, 130, 30));
    assert!(apart(Eyes::Usual, red, green) > 45.0);
    assert!(apart(Eyes::Deuteranopia, red, green) < 20.0);
    // Greys are the same to all eyes.
    for eyes in [Eyes::Deuteranopia, Eyes::Protanopia, Eyes::Tritanopia] {
        assert!(ciede2000(lab(seen(eyes, (120, 120, 120))), lab(seen(Eyes::Usual, (120, 120, 120)))) < 0.1);
    }
}
