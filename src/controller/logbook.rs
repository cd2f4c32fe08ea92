//! A release kept in step with the journal: read on, decide, append, and decide again where somebody was faster.

use jiff::Timestamp;

use crate::{
    health::Sample,
    journal::{AppendError, Journal, JournalError},
    release::{self, Command, Event, EventKind, Refusal, Release},
};

/// A release and the journal it lives in.
pub struct Logbook {
    /// The release as of the last reading.
    pub release: Release,
    /// The journal.
    pub journal: Journal,
    samples: i64,
}

/// What went wrong with the journal.
#[derive(Debug, thiserror::Error)]
pub enum LogbookError {
    /// The journal itself.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// There is no such release.
    #[error("the journal has no release {0}")]
    Unknown(String),
    /// The release does not begin with its beginning.
    #[error("release {0} cannot be read: {1}")]
    NotStarted(String, release::NotStarted),
    /// Somebody else drives the release now.
    #[error("another process drives the release now")]
    Fenced,
}

/// Why a command was not done.
#[derive(Debug, thiserror::Error)]
pub enum ActError {
    /// It may not be.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// It could not be written down.
    #[error(transparent)]
    Logbook(#[from] LogbookError),
}

impl Logbook {
    /// Reads a release from its beginning.
    ///
    /// # Errors
    /// A [`LogbookError`] if it cannot be read.
    pub fn open(journal: Journal, id: &str) -> Result<Self, LogbookError> {
        let folded = journal.fold(id, 0, None, |release: Option<Result<Release, release::NotStarted>>, _, event| {
            Some(match release {
                None => Release::begin(event),
                Some(Ok(mut release)) => {
                    release.apply(&event);
                    Ok(release)
                }
                Some(wrong) => wrong,
            })
        })?;
        let release = folded.ok_or_else(|| LogbookError::Unknown(id.to_owned()))?;
        let release = release.map_err(|error| LogbookError::NotStarted(id.to_owned(), error))?;
        let mut logbook = Self { release, journal, samples: 0 };
        logbook.read_samples()?;
        Ok(logbook)
    }

    /// Begins a release.
    ///
    /// # Errors
    /// A [`LogbookError`] if it cannot be written.
    pub fn begin(mut journal: Journal, id: &str, event: Event) -> Result<Self, LogbookError> {
        match journal.append(id, 0, std::slice::from_ref(&event), None) {
            Ok(_) => Self::open(journal, id),
            Err(AppendError::Journal(error)) => Err(error.into()),
            Err(AppendError::Conflict { .. } | AppendError::Fenced) => Err(LogbookError::Fenced),
            Err(AppendError::NotStarted) => Err(LogbookError::NotStarted(id.to_owned(), release::NotStarted)),
        }
    }

    /// Folds in what others have written since, and returns it.
    ///
    /// # Errors
    /// A [`LogbookError`] if it cannot be read.
    pub fn catch_up(&mut self) -> Result<Vec<(u64, Event)>, LogbookError> {
        let entries = self.journal.read(&self.release.id, self.release.sequence)?;
        let mut news = Vec::with_capacity(entries.len());
        for entry in entries {
            self.release.apply(&entry.event);
            news.push((entry.sequence, entry.event));
        }
        Ok(news)
    }

    /// Takes in the samples that others have written since, and returns them.
    ///
    /// # Errors
    /// A [`LogbookError`] if they cannot be read.
    pub fn read_samples(&mut self) -> Result<Vec<(String, Sample)>, LogbookError> {
        let (news, cursor) = self.journal.samples(&self.release.id, self.samples, self.release.samples_kept())?;
        self.samples = cursor;
        for (signal, sample) in &news {
            self.release.observe(signal, sample.clone());
        }
        Ok(news)
    }

    /// Writes events down, if the release still is as it was read, and folds them in. Whether it was: where somebody was
    /// faster, nothing is written.
    ///
    /// # Errors
    /// A [`LogbookError`] if it cannot be written.
    pub fn append(&mut self, kinds: Vec<EventKind>, by: &str, fence: Option<u64>) -> Result<bool, LogbookError> {
        let at = Timestamp::now();
        let events = kinds.into_iter().map(|kind| Event { at, by: by.to_owned(), kind }).collect::<Vec<_>>();
        match self.journal.append(&self.release.id, self.release.sequence, &events, fence) {
            Ok(_) => {
                for event in &events {
                    self.release.apply(event);
                }
                Ok(true)
            }
            Err(AppendError::Conflict { .. }) => Ok(false),
            Err(AppendError::Fenced) => Err(LogbookError::Fenced),
            Err(AppendError::NotStarted) => Err(LogbookError::NotStarted(self.release.id.clone(), release::NotStarted)),
            Err(AppendError::Journal(error)) => Err(error.into()),
        }
    }

    /// Does what somebody asks for, or says why not; the lines of the log that it added, none where it was so already.
    ///
    /// # Errors
    /// An [`ActError`] where it may not be, or could not be written down.
    pub fn act(&mut self, command: &Command) -> Result<Vec<String>, ActError> {
        loop {
            self.catch_up()?;
            self.read_samples()?;
            let kinds = release::decide(&self.release, command, Timestamp::now())?;
            if kinds.is_empty() {
                return Ok(Vec::new());
            }
            let before = self.release.sequence;
            if self.append(kinds, &command.by, None)? {
                let added = self.release.recent.iter().filter(|line| line.sequence > before);
                return Ok(added.map(|line| line.words.clone()).collect());
            }
        }
    }
}
