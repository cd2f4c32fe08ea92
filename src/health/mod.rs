//! Health, pure: samples, series and the verdict they give. No clock, no I/O.

mod alert;
pub mod compare;
mod judge;
mod sample;
mod series;
pub mod slo;
mod thin;
mod trial;

pub use alert::{Alert, AlertState};
pub use judge::{Judgement, Watched, judge};
pub use sample::{Count, Said, Sample, Unknown, Value, Verdict};
pub use series::Series;
pub use thin::thin;
pub use trial::{Compared, Evidence, LONGEST_TRIAL, Trial};
