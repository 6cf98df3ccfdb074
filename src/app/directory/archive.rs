//! Erasing a number from the archive.

use super::RecordWriter;
use crate::app::host::Unavailable;
use crate::app::json;
use crate::domain::contacts::Number;
use crate::domain::directory::{Progress, RecordingFile, Work};
use crate::domain::erasure::last_digits;
use crate::domain::ids::{CallId, OrgId};
use crate::domain::object::at;
use crate::domain::phone::E164;
use crate::domain::search;
use serde_json::Value;

/// How many objects of the archive are searched at a time.
const OBJECTS: usize = 10;

/// Objects found to contain the number's calls are rewritten without them; then the next ones are searched.
pub(super) async fn erase_archived(
    world: &impl RecordWriter,
    org: OrgId,
    number: Number,
    after: &str,
    gone: &[String],
) -> Result<Progress, Unavailable> {
    for name in gone {
        let Some((version, text)) = world.archived_lines(name).await? else {
            continue;
        };
        let (rest, calls) = without_calls(&text, number);
        if !calls.is_empty() && !world.archive_again(name, &version, &rest).await? {
            return Err(Unavailable); // somebody else wrote it: it is read again
        }
    }
    let names = world
        .archived(&format!("calls/{org}/"), after, OBJECTS)
        .await?;
    let mut progress = Progress::default();
    let mut found = Vec::new();
    for name in &names {
        let Some((_, text)) = world.archived_lines(name).await? else {
            continue;
        };
        let (_, calls) = without_calls(&text, number);
        if !calls.is_empty() {
            progress.found.archived_calls += calls.len() as u64;
            progress.files.extend(calls.iter().filter_map(recording));
            found.push(name.clone());
        }
    }
    progress.found.recordings = progress.files.len() as u64;
    progress.next = names.last().map(|last| Work::Archive {
        after: last.clone(),
        gone: found,
    });
    Ok(progress)
}

/// The archive's lines without those of calls to a number, and those lines.
fn without_calls(text: &str, number: Number) -> (String, Vec<Value>) {
    let digits = last_digits(number);
    let (mut rest, mut calls) = (String::new(), Vec::new());
    for line in text.lines() {
        match search::contains(line, &digits)
            .then(|| call_to(line, number))
            .flatten()
        {
            Some(call) => calls.push(call),
            None => {
                rest.push_str(line);
                rest.push('\n');
            }
        }
    }
    (rest, calls)
}

fn call_to(line: &str, number: Number) -> Option<Value> {
    let line: Value = json::read(line).ok()?;
    let phone = E164::parse(at(&line, "/call/request/phone")?.as_str()?)?;
    (Number::of(&phone) == number).then_some(line)
}

/// The recording of a line's call. The previous release did not record where it is.
fn recording(line: &Value) -> Option<RecordingFile> {
    let text = |pointer: &str| Some(at(line, pointer)?.as_str()?.to_owned());
    let call: CallId = json::read(&crate::domain::to_json::text(at(line, "/call/id")?)).ok()?;
    let location = text("/recording").or_else(|| text("/call/recording_url"));
    let is_kept = at(line, "/call/keeps/recording").and_then(Value::as_bool) == Some(true);
    let is_heard = at(line, "/call/answered_at").is_some_and(|at| !at.is_null());
    (location.is_some() || (is_kept && is_heard)).then_some(RecordingFile { call, location })
}
