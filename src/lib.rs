//! Flightdeck: a terminal release cockpit.
//!
//! Data flows one way. A person's key becomes a command, [`release::decide`] turns it into events, the
//! [`journal`] makes them true, every process folds them into the same [`release::Release`], and the screen
//! is drawn from that. Only the [`controller`] acts on the world outside.
//!
//! | module | what it is for |
//! |---|---|
//! | [`text`] | outside text made safe for terminals, once, where it enters |
//! | [`document`] | TOML files that people write: syntax, problems at their place, reports |
//! | [`plan`] | `flightdeck.toml`: model, loading, diagnostics, presets, schema |
//! | [`release`] | the pure core: events, state, commands, gates, consequences, the rollback plan |
//! | [`health`] | pure: samples, verdicts, canaries beside their baselines, service levels |
//! | [`journal`] | the append-only store: hash chain, lease, samples |
//! | [`process`] | the user's commands, run for their answer |
//! | [`controller`] | the reconcile loop, operations, checks, sampling |
//! | [`targets`] | one file per driver of what is deployed to |
//! | [`sources`] | one file per kind of signal source |
//! | [`terminal`] | what the terminal can do, and giving it back as it was |
//! | [`settings`] | the user's settings and themes, read, chosen from and watched |
//! | [`tui`] | the cockpit |
//! | [`sandbox`] | the demo: real HTTP services on loopback under real load |
//! | [`cli`] | one file per command |

pub mod cli;
pub mod controller;
pub mod document;
pub mod health;
pub mod journal;
pub mod plan;
pub mod process;
pub mod release;
pub mod sandbox;
pub mod settings;
pub mod sources;
pub mod targets;
pub mod terminal;
pub mod text;
pub mod tui;
