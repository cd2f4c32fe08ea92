//! Stages that wait for each other in a circle would wait for ever.

use std::collections::BTreeMap;

use super::{
    reader::{Reader, Span},
    words::quote,
};

/// What a stage waits for, and where it says so, if it does.
#[derive(Debug, Clone)]
pub(super) struct Need {
    pub(super) stage: String,
    pub(super) at: Option<Span>,
}

#[derive(Clone, Copy, PartialEq)]
enum Seen {
    No,
    OnTheWay,
    Done,
}

/// Reports every circle once, at the last place in it that names a need.
pub(super) fn report(reader: &mut Reader, ids: &[String], needs: &[Vec<Need>], places: &[Span]) {
    let mut index = BTreeMap::new();
    for (at, id) in ids.iter().enumerate() {
        index.entry(id.as_str()).or_insert(at);
    }
    let mut seen = vec![Seen::No; ids.len()];
    for start in 0..ids.len() {
        // By hand instead of by recursion: a plan may be as deep as it is long.
        let mut path: Vec<(usize, usize)> = if seen.get(start) == Some(&Seen::No) { vec![(start, 0)] } else { Vec::new() };
        if let (Some(state), false) = (seen.get_mut(start), path.is_empty()) {
            *state = Seen::OnTheWay;
        }
        while let Some((stage, next)) = path.last_mut() {
            let stage = *stage;
            let Some(need) = needs.get(stage).and_then(|needs| needs.get(*next)) else {
                if let Some(state) = seen.get_mut(stage) {
                    *state = Seen::Done;
                }
                path.pop();
                continue;
            };
            *next = next.saturating_add(1);
            let Some(&to) = index.get(need.stage.as_str()) else { continue };
            match seen.get(to).copied() {
                Some(Seen::No) => {
                    if let Some(state) = seen.get_mut(to) {
                        *state = Seen::OnTheWay;
                    }
                    path.push((to, 0));
                }
                Some(Seen::OnTheWay) if !reader.is_full() => circle(reader, ids, needs, places, &path, to),
                _ => {}
            }
        }
    }
}

/// One circle: the way from `to` to the path's end, and back to `to`.
fn circle(reader: &mut Reader, ids: &[String], needs: &[Vec<Need>], places: &[Span], path: &[(usize, usize)], to: usize) {
    let way: Vec<(usize, usize)> = path.iter().copied().skip_while(|(stage, _)| *stage != to).collect();
    let followed = |(stage, next): &(usize, usize)| needs.get(*stage).and_then(|needs| needs.get(next.saturating_sub(1)));
    let at = way.iter().filter_map(followed).filter_map(|need| need.at.clone()).max_by_key(|at| at.start);
    let at = at.or_else(|| places.get(to).cloned()).unwrap_or_default();
    let mut names: Vec<String> = way.iter().take(20).filter_map(|(stage, _)| ids.get(*stage)).map(|id| quote(id)).collect();
    if way.len() > 20 {
        names.push("…".to_owned());
    }
    names.extend(ids.get(to).map(|id| quote(id)));
    let implied =
        way.iter().find(|step| followed(step).is_some_and(|need| need.at.is_none())).and_then(|(stage, _)| ids.get(*stage));
    let help = match implied {
        Some(id) => format!(
            "take one of them out of `needs`; {} names none, so it needs the stage before it: needs = [] means none",
            quote(id)
        ),
        None => "take one of them out of `needs`".to_owned(),
    };
    reader.report(&at, "cycle", format!("stages need each other in a circle: {}", names.join(" needs ")), help);
}
