//! The journal: what it promises to those who write, read, verify and watch it.

#[cfg(test)]
mod append;
#[cfg(test)]
mod chain;
#[cfg(test)]
mod earlier;
#[cfg(test)]
mod lease;
#[cfg(test)]
mod open;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod support;
#[cfg(test)]
mod watch;
