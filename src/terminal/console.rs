//! What the local terminal does besides showing the screen.

use std::io::{self, Write};

use super::Local;
use crate::tui::{Call, Console};

impl<W: Write> Console for Local<W> {
    fn call(&mut self, _: &Call) -> io::Result<()> {
        Ok(())
    }
}
