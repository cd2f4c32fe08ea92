//! How often the judge is right about canaries of which the truth is known, beside Kayenta's, and how fast it is.
//!
//! `cargo bench --bench judge` prints the table of the README. A number after it is the number of runs of each row.

#![expect(clippy::print_stdout, reason = "the figures are what it is for")]

#[path = "support/judged.rs"]
mod judged;

use std::{hint::black_box, time::Instant};

use flightdeck::health::compare::{Case, Direction, Tolerance};
use judged::{Kind, Noise, QUESTIONS};

fn main() {
    let runs = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(10_000);
    println!("| of 100 canaries | goal | judge | kayenta |\n|---|---|---|---|");
    for question in QUESTIONS {
        let own = judged::share(question, judged::own, runs);
        // Its search takes much longer.
        let kayentas = judged::share(question, judged::kayentas, (runs / 10).max(1));
        println!("| {} | {} | {own:.2} | {kayentas:.1} |", question.what, question.goal);
    }
    for kind in [Kind::Dependent(0.5, 0.2), Kind::Failures(0.7)] {
        println!("{kind:?}: {:.0} judgements a second of 60 samples", speed(kind));
    }
}

fn speed(kind: Kind) -> f64 {
    const CASES: u64 = 20_000;
    let mut noise = Noise::seeded(7);
    let mut side = || judged::side(&mut noise, kind, 1.0, 60);
    let case = Case {
        name: "one".to_owned(),
        canary: side(),
        baseline: side(),
        direction: Direction::Either,
        tolerance: Tolerance::default(),
    };
    let begun = Instant::now();
    for _ in 0..CASES {
        black_box(judged::own(black_box(&case)));
    }
    CASES as f64 / begun.elapsed().as_secs_f64()
}
