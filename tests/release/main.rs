//! The pure core through its public face: what may be decided, what follows by itself, what is said, and what always holds.

mod cases;
mod flights;
mod model;
mod support;
mod tables;
