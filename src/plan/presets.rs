//! The built-in checklists. Each item is signed by a person unless the plan gives it a command, a request or a query.

use super::{Check, CheckKind, Checklist, Id, defaults};

/// An item of a built-in list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Item {
    /// Its name, for a `[[checks]]` entry to fill in.
    pub id: &'static str,
    /// What it is called on screen.
    pub title: &'static str,
    /// What proves it.
    pub proof: &'static str,
}

const GO_LIVE: &[Item] = &[
    Item {
        id: "code-review",
        title: "Code review",
        proof: "Every change since the last release was approved by somebody who did not write it; link the reviews.",
    },
    Item {
        id: "performance-testing",
        title: "Performance testing",
        proof: "A load test of this version at the expected peak stayed within its latency and error goals; link its report.",
    },
    Item {
        id: "security-testing",
        title: "Security testing",
        proof: "This version was scanned and probed, and no open finding is above the level agreed; link the findings.",
    },
    Item {
        id: "functionality-testing",
        title: "Functionality testing",
        proof: "The acceptance tests passed on this very version, and each new feature was tried by whoever asked for it.",
    },
    Item {
        id: "database-backup",
        title: "Database backup",
        proof: "A backup of every database was finished today and its size is plausible; name the snapshot.",
    },
    Item {
        id: "data-migration-plan",
        title: "Data migration plan",
        proof: "The migration's steps, duration and checks are written down and were rehearsed on a copy of production's data.",
    },
    Item {
        id: "rollback-plan",
        title: "Rollback plan",
        proof: "The way back was walked in staging, including the data, and it is known how long it takes and who decides.",
    },
    Item {
        id: "dependency-check",
        title: "Dependency check",
        proof: "Everything this version calls runs in production in a version that it was tested with.",
    },
    Item {
        id: "configuration-management",
        title: "Configuration management",
        proof: "The configuration that goes live is in version control and differs from production's only as intended.",
    },
    Item {
        id: "user-access-control",
        title: "User access control",
        proof: "Each role was tried with an account of its own: it can do what it should, and no more.",
    },
    Item {
        id: "documentation-update",
        title: "Documentation update",
        proof: "The pages for users and operators describe this version; link what changed.",
    },
    Item {
        id: "training",
        title: "Training",
        proof: "Users and support staff who meet something new have been shown it; note when, and who was there.",
    },
    Item {
        id: "monitoring-and-alerting",
        title: "Monitoring and alerting",
        proof: "A test alert reached the person on call, and the dashboards show this version's figures.",
    },
    Item {
        id: "legal-and-compliance",
        title: "Legal and compliance",
        proof: "Whoever answers for licences, privacy and regulation has agreed in writing; link the agreement.",
    },
    Item {
        id: "announcement-plan",
        title: "Announcement plan",
        proof: "It is settled who tells which stakeholders what, when and where; link the text.",
    },
    Item {
        id: "support-plan",
        title: "Support plan",
        proof: "Support is staffed for the days after, knows what changes, and knows whom to wake; link the rota.",
    },
    Item {
        id: "live-deployment-date",
        title: "Live deployment date",
        proof: "Date and time are agreed with everybody they touch and collide with no freeze.",
    },
    Item {
        id: "user-communication",
        title: "User communication",
        proof: "Users were told what changes and what they may notice meanwhile, down times included; link the message.",
    },
];

const REQUIREMENTS: &[Item] = &[
    Item {
        id: "successful-testing",
        title: "Successful testing",
        proof: "Unit, integration, acceptance, security and performance tests of this version are all green; link the runs.",
    },
    Item {
        id: "security-compliance",
        title: "Security compliance",
        proof: "The audit against the rules that apply to this data is passed, or its exceptions are signed for.",
    },
    Item {
        id: "scalability",
        title: "Scalability",
        proof: "At twice the expected peak there was room left, and it is known what to add when there is not.",
    },
    Item {
        id: "user-data-transition",
        title: "User data transition",
        proof: "Counts and spot checks of the moved accounts and data agree on both sides; nothing is lost or changed.",
    },
    Item {
        id: "backup-and-recovery",
        title: "Backup and recovery",
        proof: "A backup was restored to an empty system and served from there; note when, and how long it took.",
    },
    Item {
        id: "monitoring-and-alerts",
        title: "Monitoring and alerts",
        proof: "Health and performance are seen live, and each alert names somebody who gets it.",
    },
];

impl Checklist {
    /// Every built-in list.
    pub const ALL: [Self; 2] = [Self::GoLive, Self::Requirements];

    /// As a plan writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::GoLive => "go-live",
            Self::Requirements => "requirements",
        }
    }

    /// What is on it.
    #[must_use]
    pub const fn items(self) -> &'static [Item] {
        match self {
            Self::GoLive => GO_LIVE,
            Self::Requirements => REQUIREMENTS,
        }
    }

    /// Its items as checks that a person signs.
    pub(super) fn checks(self, before: Option<&Id>) -> impl Iterator<Item = Check> {
        self.items().iter().map(move |item| Check {
            id: item.id.to_owned(),
            title: item.title.to_owned(),
            proof: Some(item.proof.to_owned()),
            kind: CheckKind::Signed,
            max_age: None,
            every: None,
            timeout: defaults::check_timeout(),
            before: before.cloned(),
        })
    }
}

/// The built-in item of that name.
#[must_use]
pub fn item(id: &str) -> Option<&'static Item> {
    Checklist::ALL.iter().flat_map(|list| list.items()).find(|item| item.id == id)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_lists_are_whole() {
        assert_eq!(Checklist::GoLive.items().len(), 18);
        assert_eq!(Checklist::Requirements.items().len(), 6);
        let ids: BTreeSet<_> = Checklist::ALL.iter().flat_map(|list| list.items()).map(|item| item.id).collect();
        assert_eq!(ids.len(), 24, "no two items share a name");
        for list in Checklist::ALL {
            assert_eq!(serde_json::to_value(list).unwrap(), list.name());
            assert!(list.items().iter().all(|item| item.proof.ends_with('.') && item.title.len() <= 30));
        }
    }
}
