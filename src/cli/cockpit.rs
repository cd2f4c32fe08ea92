//! `flightdeck [PLAN]`: the cockpit.

use std::{path::PathBuf, time::Duration};

use ratatui::Terminal;
use tokio::sync::{mpsc::WeakSender, oneshot};

use super::{
    Exit, Failure, Global, is_terminal, link,
    looks::{self, Looks},
    open,
    status::is_driven,
    stuck::Stuck,
    tell, thread, welcome,
};
use crate::{
    controller::{Logbook, LogbookError},
    journal::{Journal, JournalError, Location},
    settings::{Settings, Watch},
    terminal::{self, Capabilities, Guard, Local},
    tui::{self, Stop, SystemClock, Update},
};

/// How long a terminal that is gone may take to be given back.
pub(super) const GONE: Duration = Duration::from_millis(200);

/// What the cockpit is opened on, and how it looks.
#[derive(Debug, clap::Args)]
#[group(id = "cockpit")]
pub(super) struct Arguments {
    /// The plan whose release is shown; by default flightdeck.toml here or in a folder above
    plan: Option<PathBuf>,
    /// The release: its id or the beginning of it; by default the only active one of the plan's service
    #[arg(long, value_name = "RELEASE")]
    release: Option<String>,
    #[command(flatten)]
    looks: Looks,
}

pub(super) fn run(arguments: &Arguments, global: &Global) -> Result<Exit, Failure> {
    // Where there is nothing to show yet, a person is asked what to do.
    if arguments.release.is_none() && arguments.plan.is_none() && is_terminal() && open::plan_path(None).is_err() {
        return welcome::run(global, &arguments.looks);
    }
    let location = global.location()?;
    let id = match (&arguments.release, &arguments.plan) {
        (Some(named), _) => open::find(&Journal::open_existing(&location)?, Some(named))?,
        (None, plan) => of_plan(&location, plan.as_deref())?,
    };
    require_terminal("`flightdeck status --watch` works without one")?;
    let logbook = Logbook::open(Journal::open_existing(&location)?, &id)?;
    let id = logbook.release.id.clone();
    let exit = open(&location, logbook, global.operator()?, &arguments.looks)?;
    say_goodbye(&location, &id);
    Ok(exit)
}

/// Tells whoever leaves a release that is not over how it stands and how to come back to it.
pub(super) fn say_goodbye(location: &Location, id: &str) {
    let logbook = Journal::open_existing(location).map_err(LogbookError::from).and_then(|journal| Logbook::open(journal, id));
    // What cannot be read is complained of where it is asked for.
    let Ok(logbook) = logbook else { return };
    let release = &logbook.release;
    if release.is_over() {
        return;
    }
    let driven = if is_driven(&logbook) { "another cockpit drives it" } else { "nobody drives it now" };
    let state = release.status(jiff::Timestamp::now()).word();
    tell(&format!(
        "{} {} is {state}, and {driven}\n  flightdeck --release {id}   opens it again",
        release.plan.service, release.version
    ));
}

/// The only active release of a plan's service.
fn of_plan(location: &Location, plan: Option<&std::path::Path>) -> Result<String, Failure> {
    let loaded = open::plan(plan)?;
    let service = &loaded.plan.service;
    let rows = match Journal::open_existing(location) {
        Ok(journal) => journal.releases()?,
        Err(JournalError::Missing { .. }) => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    let active = rows.iter().filter(|row| !row.ended && row.service == *service).collect::<Vec<_>>();
    match active.as_slice() {
        [only] => Ok(only.release.clone()),
        [] => Err(Failure::wrong(format!(
            "no release of {service} is under way\n  flightdeck start --version V   begins one\n  flightdeck --release ID        shows one that is over"
        ))),
        several => Err(Failure::wrong(format!(
            "more than one release of {service} is under way; name one with --release\n{}",
            open::listed(several)
        ))),
    }
}

/// Refuses where nobody could see a screen or press a key.
pub(super) fn require_terminal(instead: &str) -> Result<(), Failure> {
    if is_terminal() {
        return Ok(());
    }
    Err(Failure::wrong(format!("the cockpit needs a terminal; {instead}")))
}

/// Opens the cockpit on a release and drives it, until the person leaves.
pub(super) fn open(location: &Location, logbook: Logbook, operator: String, looks: &Looks) -> Result<Exit, Failure> {
    let capabilities = Capabilities::of(|name| std::env::var(name).ok()).map_err(|unfit| Failure::wrong(unfit.to_string()))?;
    let read = looks::read();
    let settings = looks.session(&read, operator, capabilities)?;
    let release = logbook.release.clone();
    let runtime = thread::runtime()?;

    let guard = Guard::enter(terminal::log(log_file().as_deref())?)?;
    end_on_panic();
    let stuck = Stuck::watch()?;
    let flown = runtime.block_on(async {
        let input = terminal::input(guard.clone())?;
        if capabilities.keyboard {
            guard.ask_keyboard()?;
        }
        let (ended, over) = oneshot::channel();
        let driving = thread::Driving::begin(location, &release.id, ended)?;
        let (link, follower, update) = link::begin(location, logbook, over)?;
        let console = Local::stdout(guard.clone(), &capabilities).with_alerts(read.user.alerts.unwrap_or_default());
        let _watch = watch(looks, read, capabilities, update);
        let mut terminal = Terminal::new(console)?;
        let exit = tui::run(&mut terminal, release, link, input, settings, SystemClock).await;
        Ok::<_, Failure>((exit, driving, follower))
    });
    let gone = matches!(&flown, Ok((Ok(tui::Exit::Stopped(Stop::HangUp | Stop::Closed)) | Err(_), ..)));
    if gone {
        guard.restore_within(GONE)
    } else {
        guard.restore()
    }
    drop(stuck);
    let (exit, driving, follower) = flown?;
    driving.end()?;
    // It ends with the cockpit, whose end of the link is gone.
    let _ended = follower.join();
    match exit? {
        tui::Exit::Quit => Ok(Exit::Done),
        tui::Exit::Stopped(_) => Ok(Exit::Unknown),
    }
}

/// Where what would get onto the screen is written: by default a file in the platform's folder for such.
pub(super) fn log_file() -> Option<PathBuf> {
    let set = std::env::var_os("FLIGHTDECK_LOG").filter(|path| !path.is_empty()).map(PathBuf::from);
    set.or_else(|| {
        let folders = directories::ProjectDirs::from("", "", "flightdeck")?;
        Some(folders.state_dir().unwrap_or_else(|| folders.data_local_dir()).join("flightdeck.log"))
    })
}

/// Shows changed settings at once. Where the system does not tell of changes they count from the next time on.
fn watch(looks: &Looks, read: Settings, capabilities: Capabilities, update: WeakSender<Update>) -> Option<Watch> {
    let looks = looks.clone();
    let changed = move |mut read| {
        let (_, worn) = looks.worn(&mut read, capabilities);
        if let Some(update) = update.upgrade() {
            // A cockpit that is gone needs no looks.
            let _gone = update.blocking_send(Update::Looks(Box::new(worn)));
        }
    };
    Watch::new(&looks::folder()?, read, changed).ok()
}

/// A panic on any thread ends the process once the terminal is given back: a cockpit whose controller is gone must not look
/// alive, and whoever opens the next one finds everything in the journal.
fn end_on_panic() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        before(panic);
        std::process::exit(Exit::Unknown as i32);
    }));
}
