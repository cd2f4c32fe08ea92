//! The cockpit where there is no plan: a screen that says what can be done next, and does it.

use jiff::Timestamp;
use ratatui::Terminal;

use super::{Exit, Failure, Global, cockpit, demo, init, looks, looks::Looks, open::PLAN, thread};
use crate::{
    controller::{Logbook, LogbookError},
    journal::{Journal, JournalError, Location},
    terminal::{self, Capabilities, Guard, Local},
    tui::{self, Choice, Welcome},
};

/// Asks what to do, and does it.
pub(super) fn run(global: &Global, looks: &Looks) -> Result<Exit, Failure> {
    let location = global.location()?;
    match ask(&location, global.operator()?, looks)? {
        Choice::Demo => demo::run(&demo::Arguments::with(looks.clone()), global),
        Choice::Init => init::run(&init::Arguments::default()),
        Choice::Open(id) => {
            let logbook = Logbook::open(Journal::open_existing(&location)?, &id)?;
            let exit = cockpit::open(&location, logbook, global.operator()?, looks)?;
            cockpit::say_goodbye(&location, &id);
            Ok(exit)
        }
        Choice::Leave => Ok(Exit::Done),
    }
}

/// What can be chosen: the releases under way, and a plan here.
fn offered(location: &Location) -> Result<Welcome, Failure> {
    let rows = match Journal::open_existing(location) {
        Ok(journal) => journal.releases()?,
        Err(JournalError::Missing { .. }) => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    let now = Timestamp::now();
    let active = rows.into_iter().filter(|row| !row.ended).take(tui::OFFERED);
    let releases = active.map(|row| {
        // How it stands, so that nobody opens one without knowing what it will do.
        let logbook = Journal::open_existing(location).map_err(LogbookError::from);
        let state = match logbook.and_then(|journal| Logbook::open(journal, &row.release)) {
            Ok(logbook) => logbook.release.status(now).word().to_owned(),
            Err(error) => error.to_string(),
        };
        let words = format!("{} {}, {state}, began {:.0}", row.service, row.version, row.started);
        (row.release, words)
    });
    Ok(Welcome { releases: releases.collect(), folder: format!("./{PLAN}") })
}

fn ask(location: &Location, operator: String, looks: &Looks) -> Result<Choice, Failure> {
    let welcome = offered(location)?;
    let capabilities = Capabilities::of(|name| std::env::var(name).ok()).map_err(|unfit| Failure::wrong(unfit.to_string()))?;
    let read = looks::read();
    let settings = looks.session(&read, operator, capabilities)?;
    let runtime = thread::runtime()?;
    let guard = Guard::enter(terminal::log(cockpit::log_file().as_deref())?)?;
    let chosen = runtime.block_on(async {
        let input = terminal::input(guard.clone())?;
        let mut terminal = Terminal::new(Local::stdout(guard.clone(), &capabilities))?;
        Ok::<_, Failure>(tui::welcome(&mut terminal, input, &welcome, &settings).await?)
    });
    if chosen.is_err() {
        guard.restore_within(cockpit::GONE)
    } else {
        guard.restore()
    }
    chosen
}
