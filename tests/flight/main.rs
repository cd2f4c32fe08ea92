//! Whole flights: the real program, as a script, a person at a terminal or a crash would use it. Each test has a folder, a
//! journal and a home of its own.

#[path = "../support/alertmanager.rs"]
mod alertmanager;
#[path = "../support/mod.rs"]
mod servers;

#[cfg(test)]
mod crash;
#[cfg(test)]
mod demo;
#[cfg(test)]
mod emulator;
#[cfg(test)]
mod judged;
#[cfg(test)]
mod line;
#[cfg(test)]
mod person;
#[cfg(test)]
mod prometheus;
#[cfg(test)]
mod scripts;
#[cfg(test)]
mod support;
#[cfg(test)]
mod terminal;
#[cfg(test)]
mod two;
