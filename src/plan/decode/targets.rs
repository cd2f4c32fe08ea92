//! `[targets.NAME]`.

use toml::de::DeTable;

use super::{
    reader::{At, Entry, Fields, Reader},
    shapes,
    words::{self, quote},
};
use crate::plan::{Target, defaults};

/// The words in braces that a target's commands know.
const PLACEHOLDERS: [&str; 3] = ["version", "previous", "weight"];

/// A target, and whether it can give a candidate a part of the traffic.
pub(super) fn target<'a>(reader: &mut Reader, (id, table): (At<String>, &'a DeTable<'a>)) -> (String, Option<Target>, bool) {
    let fields = reader.fields(format!("target {}", quote(&id.is)), id.at, table, &shapes::TARGET);
    let drivers: Vec<_> = shapes::TARGET_KINDS.iter().map(|(driver, _)| (*driver, *driver)).collect();
    let Some(driver) = reader.choice(&fields, "driver", &drivers) else {
        if !fields.has("driver") {
            reader.missing(
                &fields,
                "driver",
                &format!("driver = \"command\"; there are {}", words::list(drivers.iter().map(|(name, _)| *name))),
            );
        }
        return (id.is, None, true);
    };
    reader.only(&fields, driver, &[], shapes::TARGET_KINDS, |key| format!("leave `{key}` out, or choose the other driver"));
    let settle = reader.duration(&fields, "settle").map_or_else(defaults::effect_timeout, |settle| settle.is);
    if driver == "sandbox" {
        let url = reader.url(&fields, "url", "http://127.0.0.1:8080").map(|url| url.is).unwrap_or_default();
        return (id.is, Some(Target::Sandbox { url, settle }), true);
    }
    for key in ["deploy", "weight", "rollback", "observe"] {
        if let Some(entry) = fields.get(key).cloned() {
            placeholders(reader, &fields, &entry);
        }
    }
    let target = Target::Command {
        deploy: reader.needed_command(&fields, "deploy", "deploy = \"./deploy.sh {version}\", which brings the new version up"),
        weight: reader.command(&fields, "weight").map(|command| command.is),
        rollback: reader.needed_command(
            &fields,
            "rollback",
            "rollback = \"./rollback.sh\", which gives all traffic back to the stable version",
        ),
        observe: reader.needed_command(
            &fields,
            "observe",
            "observe = \"./observe.sh\", which prints {\"stable\": \"2.3.7\", \"candidate\": \"2.4.0\", \"weight\": 25}",
        ),
        timeout: reader.some_time(&fields, "timeout").map_or_else(defaults::command_timeout, |timeout| timeout.is),
        settle,
    };
    (id.is, Some(target), fields.has("weight"))
}

/// Reports words in braces that nothing is put in for.
fn placeholders(reader: &mut Reader, fields: &Fields<'_>, entry: &Entry<'_>) {
    let Some(command) = entry.value.get_ref().as_str() else { return };
    for word in words_in_braces(command) {
        if PLACEHOLDERS.contains(&word) {
            continue;
        }
        let help = match words::nearest(word, PLACEHOLDERS) {
            Some(near) => format!("did you mean `{{{near}}}`?"),
            None => format!(
                "there are `{{version}}`, `{{previous}}` and `{{weight}}`; braces for the shell have spaces inside: `{{ {} }}`",
                crate::text::line(word, 40)
            ),
        };
        let message = format!("`{}` of {} has the placeholder {}", entry.key, fields.name, quote(&format!("{{{word}}}")));
        reader.report(&entry.value.span(), "unknown-placeholder", message, help);
    }
}

/// The words that stand alone in braces, as in `{version}`; not the shell's `${name}`, nor braces with anything else in them.
pub(super) fn words_in_braces(command: &str) -> impl Iterator<Item = &str> {
    command.match_indices('{').filter_map(|(at, _)| {
        let shell = command.get(..at).is_some_and(|before| before.ends_with('$'));
        let (word, _) = command.get(at..)?.strip_prefix('{')?.split_once('}')?;
        let is_word = word.starts_with(|c: char| c.is_ascii_alphabetic())
            && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
        (is_word && !shell).then_some(word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_placeholders_from_the_shells_braces() {
        for (command, expected) in [
            ("deploy {version}", &["version"][..]),
            ("a {version} b {weigth}", &["version", "weigth"]),
            ("echo ${HOME} {a,b} {1..3} {} { x; }", &[]),
            ("awk '{ print $1 }' | jq '{\"a\": 1}'", &[]),
            ("kubectl -o jsonpath={.spec}", &[]),
            ("{unclosed", &[]),
        ] {
            assert_eq!(words_in_braces(command).collect::<Vec<_>>(), expected, "{command}");
        }
    }
}
