//! The plans that `flightdeck init` writes.

/// The templates' names, the default first.
pub const TEMPLATES: [&str; 2] = ["minimal", "full"];

/// The text of a template.
#[must_use]
pub fn template(name: &str) -> Option<&'static str> {
    match name {
        "minimal" => Some(include_str!("../../assets/templates/minimal.toml")),
        "full" => Some(include_str!("../../assets/templates/full.toml")),
        _ => None,
    }
}
