//! Charts as text, and at every size.

use proptest::prelude::*;
use ratatui::style::Color;

use super::*;

const NOW: i64 = 1_772_542_170; // 2026-03-03T12:49:30Z

fn looks() -> Looks {
    let look = |color| Style::new().fg(Color::Indexed(color));
    Looks {
        line: look(1),
        baseline: look(2),
        warn: look(3),
        fail: look(4),
        threshold: look(11),
        mark: look(5),
        mark_label: look(10),
        cursor: look(6),
        axis: look(7),
        text: look(8),
        unknown: look(9),
    }
}

fn line(name: &str, points: impl IntoIterator<Item = (i64, Option<f64>)>) -> Line {
    let points = points.into_iter().map(|(ago, number)| Point { at: (NOW - ago) * 1000, number }).collect();
    Line { name: name.to_owned(), points, hole: 15_000 }
}

fn chart(zone: &TimeZone, line: Line) -> Chart<'_> {
    let threshold = |at: f64, label: &str, fails| Threshold { at, label: label.to_owned(), fails };
    let flag = |ago: i64, label: &str, rank| Flag { at: (NOW - ago) * 1000, label: label.to_owned(), rank };
    Chart {
        line,
        baseline: None,
        bad: Side::Above,
        unit: "%",
        thresholds: vec![threshold(0.5, "warn 0.5", false), threshold(1.0, "fail 1", true)],
        thresholds_inside: false,
        flags: vec![flag(231, "5 %", 2), flag(90, "25 %", 2), flag(4, "rollback", 3)],
        from: Timestamp::from_second(NOW - 300).unwrap(),
        to: Timestamp::from_second(NOW).unwrap(),
        now: NOW * 1000,
        until: NOW * 1000,
        zone,
        cursor: None,
        legend: true,
        ascii: false,
        looks: looks(),
    }
}

fn text(chart: &Chart<'_>, width: u16, height: u16) -> String {
    let area = Rect::new(0, 0, width, height);
    let mut buffer = Buffer::empty(area);
    chart.draw(area, &mut buffer);
    let rows = buffer.content.chunks(usize::from(width.max(1)));
    rows.map(|row| row.iter().map(|cell| cell.symbol()).collect::<String>().trim_end().to_owned() + "\n").collect()
}

/// Errors that rise once the new version has a quarter of the traffic, with a gap and a lone sample before.
fn rising() -> Line {
    line(
        "canary errors",
        (0..60).map(|n| {
            let ago = 295 - n * 5;
            let number = match ago {
                150..160 | 170..180 => None,
                160..170 => Some(0.3),
                0..70 => Some(0.2 + 0.05 * (70 - ago) as f64),
                _ => Some(0.2 + 0.03 * (n % 3) as f64),
            };
            (ago, number)
        }),
    )
}

fn stable() -> Line {
    line("stable errors", (0..60).map(|n| (295 - n * 5, Some(0.1 + 0.02 * (n % 4) as f64))))
}

fn berlin() -> TimeZone {
    TimeZone::get("Europe/Berlin").unwrap()
}

#[test]
fn cause_and_effect() {
    let zone = berlin();
    let mut chart = Chart { baseline: Some(stable()), ..chart(&zone, rising()) };
    insta::assert_snapshot!("canary_and_baseline", text(&chart, 100, 22));
    chart.cursor = Some(Timestamp::from_second(NOW - 30).unwrap());
    insta::assert_snapshot!("with_a_cursor", text(&chart, 72, 16));
    chart.ascii = true;
    let ascii = text(&chart, 72, 16);
    assert!(ascii.is_ascii(), "{ascii}");
    insta::assert_snapshot!("in_ascii", ascii);
}

#[test]
fn what_is_not_known_is_not_drawn() {
    let zone = berlin();
    // Nobody sampled for a while, once there was no data, and now the newest is too old.
    let holes = line("p95", (0..40).filter(|n| !(8..16).contains(n)).map(|n| (295 - n * 5, (n != 30).then_some(182.0))));
    insta::assert_snapshot!("holes", text(&chart(&zone, holes), 72, 12));
}

#[test]
fn small_ones() {
    let zone = berlin();
    let chart = chart(&zone, rising());
    let all: String =
        [(40, 8), (30, 5), (20, 3), (8, 2), (3, 1)].map(|(width, height)| text(&chart, width, height) + "\n").concat();
    insta::assert_snapshot!("small", all);
}

#[test]
fn a_lone_sample_is_a_dot() {
    let zone = berlin();
    for dotted in [false, true] {
        for ago in 100..104 {
            let lone = || line("errors", [(250, None), (ago, Some(0.3)), (40, None)]);
            let mut chart = Chart { flags: Vec::new(), thresholds: Vec::new(), legend: false, ..chart(&zone, lone()) };
            if dotted {
                chart.line.points.clear();
                chart.baseline = Some(lone());
            }
            let drawn = text(&chart, 20, 3);
            let dots = drawn.chars().filter(|c| ('\u{2801}'..='\u{28ff}').contains(c)).count();
            assert_eq!(dots, 1, "{drawn}");
        }
    }
}

#[test]
fn the_same_picture_until_the_next_cell() {
    let zone = berlin();
    let pictures: Vec<_> = (0..7)
        .map(|second| {
            let mut chart = Chart { baseline: Some(stable()), ..chart(&zone, rising()) };
            let now = Timestamp::from_second(NOW + second).unwrap();
            (chart.from, chart.to) = (now - jiff::SignedDuration::from_secs(300), now);
            // 60 columns of the plot, of 5 s each.
            text(&chart, 75, 20)
        })
        .collect();
    let changes = pictures.windows(2).filter(|pair| pair[0] != pair[1]).count();
    assert!((1..=2).contains(&changes), "{changes}\n{}", pictures.concat());
}

proptest! {
    #[test]
    fn never_panics(
        points in prop::collection::vec((-4_000i64..4_000, prop::option::of(any::<f64>())), 0..60),
        other in prop::option::of(prop::collection::vec((-4_000i64..4_000, prop::option::of(-1e3..1e3_f64)), 0..60)),
        thresholds in prop::collection::vec(any::<f64>(), 0..3),
        flags in prop::collection::vec((-400i64..400, "\\PC{0,12}"), 0..9),
        size in (0u16..120, 0u16..40), at in (0u16..9, 0u16..9), range in -10i64..9_000, cursor in prop::option::of(-400i64..4_000),
        look in (any::<bool>(), any::<bool>(), any::<bool>()),
    ) {
        let zone = berlin();
        let finite = |number: Option<f64>| number.filter(|number| number.is_finite());
        let mut shown = chart(&zone, line("a", points.into_iter().map(|(ago, number)| (ago, finite(number)))));
        shown.baseline = other.map(|points| line("b", points));
        shown.thresholds = thresholds.iter().map(|at| Threshold { at: *at, label: format!("fail {at}"), fails: true }).collect();
        shown.flags = flags.into_iter().map(|(ago, label)| Flag { at: (NOW - ago) * 1000, label, rank: 1 }).collect();
        shown.from = Timestamp::from_second(NOW - range).unwrap();
        shown.cursor = cursor.map(|ago| Timestamp::from_second(NOW - ago).unwrap());
        (shown.ascii, shown.legend) = (look.0, look.1);
        if look.2 {
            shown.bad = Side::Below;
        }
        let mut buffer = Buffer::empty(Rect::new(0, 0, 100, 30));
        let area = Rect::new(at.0, at.1, size.0, size.1);
        shown.draw(area, &mut buffer);
        for position in buffer.area.positions() {
            prop_assert!(area.contains(position) || buffer[position] == ratatui::buffer::Cell::default(), "{position:?}");
        }
    }
}
