//! A scenario: parsed, validated, ready to be expanded by a seed.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::File as DiskFile;
use std::io::Read as _;
use std::ops::Range;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use crate::document::{Document, Step};
use crate::error::{Problem, ScenarioError};
use crate::fault::{Fault, FaultKind, Repeat};
use crate::file::{Account, Expect, File, Market, Network, Run, Sink, Trader};
use crate::plan::{FaultPlan, PlannedFault};
use crate::schema::DurationText;
use crate::storm::{Storm, read_storm};
use crate::validate::{limits, validate};

/// Tables without which a file says nothing.
const TABLES: [&str; 3] = ["run", "market", "trader"];

/// The folder that holds a project's scenarios; what lies beside it is named from there.
const SCENARIOS_DIR: &str = "scenarios";

/// A valid scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Scenario {
    /// Path below the folder `scenarios`, without the extension: `faults/kraken-outage`.
    pub name: String,
    /// The file, as it was named.
    pub path: PathBuf,
    /// What it shows and which checks must hold, in one line.
    pub purpose: String,
    /// How long and how finely time passes.
    pub run: Run,
    /// What is traded where.
    pub market: Market,
    /// Latency.
    pub network: Network,
    /// The trader's account at the venue.
    pub account: Account,
    /// The trading system.
    pub trader: Trader,
    /// The database that it writes into, if any.
    pub sink: Option<Sink>,
    /// Faults in the order of the file.
    pub faults: Vec<Fault>,
    /// Faults that each seed draws, if any.
    pub storm: Option<Storm>,
    /// Bounds for the checks.
    pub expect: Expect,
    /// Where values stand that only others can judge.
    pub lines: Lines,
    /// The text of the file.
    pub(crate) text: Arc<str>,
}

/// Lines of the file, from 1, for errors that this crate cannot find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lines {
    /// Line of `symbol` in `[market]`.
    pub symbol: usize,
    /// Line of `strategy` in `[trader]`.
    pub strategy: usize,
}

impl Scenario {
    /// Reads and validates a file.
    ///
    /// # Errors
    /// [`ScenarioError`]: the file cannot be read, or [`ScenarioError::Invalid`] for the first line
    /// that is wrong.
    pub fn load(path: &Path) -> Result<Self, ScenarioError> {
        let read = |source| ScenarioError::from_io(path, "a scenario file", source);
        let file = DiskFile::open(path).map_err(read)?;
        let mut bytes = Vec::new();
        let limit = limits::BYTES_MAX.saturating_add(1);
        let count = file.take(limit).read_to_end(&mut bytes).map_err(read)?;
        if count >= usize::try_from(limit).unwrap_or(usize::MAX) {
            return Err(ScenarioError::TooLarge {
                path: path.to_owned(),
                bytes_max: limits::BYTES_MAX,
            });
        }
        let text = std::str::from_utf8(&bytes).map_err(|error| {
            let before = &bytes[..error.valid_up_to()];
            ScenarioError::Invalid {
                path: path.to_owned(),
                line: before.iter().filter(|byte| **byte == b'\n').count() + 1,
                problem: Problem::NotText,
            }
        })?;
        Self::parse(path, text)
    }

    /// Validates a text; `path` names it in errors and gives the scenario its name.
    ///
    /// # Errors
    /// [`ScenarioError::Invalid`] for the first line that is wrong.
    pub fn parse(path: impl AsRef<Path>, text: &str) -> Result<Self, ScenarioError> {
        let path = path.as_ref();
        let document = Document::parse(path, text, &TABLES)?;
        check_schema(&document)?;
        let file: File = document.read()?;
        let faults = read_faults(&document)?;
        let storm = read_storm(&document)?;
        validate(&document, &file, &faults, storm.as_ref())?;
        let line = |table, key| {
            let value = document.get(&[Step::Key(table), Step::Key(key)]);
            value.map_or(1, |value| document.line(value.span().start))
        };
        let lines =
            Lines { symbol: line("market", "symbol"), strategy: line("trader", "strategy") };
        Ok(Self {
            name: name_of(path),
            path: path.to_owned(),
            purpose: file.purpose,
            run: file.run,
            market: file.market,
            network: file.network,
            account: file.account,
            trader: file.trader,
            sink: file.sink,
            faults,
            storm,
            expect: file.expect,
            lines,
            text: Arc::from(text),
        })
    }

    /// Where the tape lies.
    ///
    /// A relative path counts from the folder that holds `scenarios`, or from the file's own folder
    /// when no folder above the file is called so; if nothing lies there, from the working
    /// directory. Looks at the file system, but opens nothing.
    pub fn tape_path(&self) -> PathBuf {
        let beside = project_dir(&self.path).join(&self.market.tape);
        if beside.exists() { beside } else { self.market.tape.clone() }
    }

    /// Expands the scenario into the explicit faults of one run: those of the file, and those that the seed
    /// draws from its storm.
    ///
    /// # Determinism
    /// A function of scenario and seed. The storm draws from streams of its own: the run's other randomness
    /// does not move when a family is added.
    pub fn plan(&self, seed: u64) -> FaultPlan {
        let spells = |fault: &'_ Fault| {
            let (kind, may_miss) = (fault.kind.clone(), fault.may_miss);
            let spells: Vec<_> = fault.spells().collect();
            spells.into_iter().map(move |(at, until)| PlannedFault {
                id: 0,
                at,
                until,
                may_miss,
                kind: kind.clone(),
            })
        };
        let mut faults: Vec<_> = self.faults.iter().flat_map(spells).collect();
        if let Some(storm) = &self.storm {
            faults.extend(storm.draw(seed, &faults));
        }
        FaultPlan::new(self.name.clone(), seed, faults)
    }

    /// Labels of all faults that any seed may plan, see [`FaultKind::label`].
    pub fn fault_labels(&self) -> BTreeSet<String> {
        let explicit = self.faults.iter().map(|fault| fault.kind.label());
        let families = self.storm.iter().flat_map(|storm| &storm.families);
        explicit.chain(families.flat_map(|family| family.labels.iter().cloned())).collect()
    }
}

/// Refuses another schema before its unknown keys confuse anybody.
fn check_schema(document: &Document<'_>) -> Result<(), ScenarioError> {
    let path = [Step::Key("schema")];
    let Some(value) = document.get(&path) else {
        let problem = Problem::MissingKey { key: "schema".to_owned(), place: document.place(0) };
        return Err(document.error(0, problem));
    };
    let schema = i64::deserialize(ValueDeserializer::from(value.clone()));
    if schema == Ok(limits::SCHEMA) {
        Ok(())
    } else {
        Err(document.expected(&path, format!("schema {}", limits::SCHEMA)))
    }
}

fn read_faults(document: &Document<'_>) -> Result<Vec<Fault>, ScenarioError> {
    let key = [Step::Key("fault")];
    let Some(list) = document.get(&key) else {
        return Ok(Vec::new());
    };
    let Some(list) = list.get_ref().as_array() else {
        return Err(
            document.expected(&key, "a list of tables, each with the header [[fault]]".to_owned())
        );
    };
    if list.len() > limits::FAULTS_MAX {
        let element = [key[0], Step::Index(limits::FAULTS_MAX)];
        return Err(document.expected(&element, format!("at most {} faults", limits::FAULTS_MAX)));
    }
    list.iter()
        .enumerate()
        .map(|(index, element)| {
            let path = [key[0], Step::Index(index)];
            match element.get_ref().as_table() {
                Some(table) => read_fault(document, &path, &element.span(), table),
                None => {
                    let expected = "a table with `at`, `for` and `kind`".to_owned();
                    Err(document.expected(&path, expected))
                }
            }
        })
        .collect()
}

/// The part of a fault that every kind has, `kind` itself aside.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Timing {
    #[serde(with = "crate::duration")]
    #[schemars(with = "DurationText")]
    at: Duration,
    #[serde(rename = "for", with = "crate::duration")]
    #[schemars(with = "DurationText")]
    lasts: Duration,
    #[serde(default, with = "crate::duration::optional")]
    #[schemars(with = "Option<DurationText>")]
    every: Option<Duration>,
    times: Option<u32>,
    #[serde(default)]
    may_miss: bool,
}

/// Keys that a fault of any kind may have.
const COMMON: [&str; 6] = ["at", "for", "every", "times", "may_miss", "kind"];

/// The key `kind` of a fault or of a family of faults, and the name that it holds.
pub(crate) fn read_kind<'a, 't>(
    document: &Document<'_>,
    path: &[Step<'_>],
    span: &Range<usize>,
    table: &'a DeTable<'t>,
) -> Result<(&'a Spanned<DeValue<'t>>, &'a str), ScenarioError> {
    let Some(kind) = table.get("kind") else {
        let problem =
            Problem::MissingKey { key: "kind".to_owned(), place: document.place(span.start) };
        return Err(document.error(span.start, problem));
    };
    let Some(name) = kind.get_ref().as_str() else {
        let path = [path, &[Step::Key("kind")]].concat();
        return Err(document.expected(&path, "a text in quotes".to_owned()));
    };
    Ok((kind, name))
}

fn read_fault(
    document: &Document<'_>,
    path: &[Step<'_>],
    span: &Range<usize>,
    table: &DeTable<'_>,
) -> Result<Fault, ScenarioError> {
    let (kind, name) = read_kind(document, path, span, table)?;
    let (mut timing, parameters): (DeTable<'_>, DeTable<'_>) =
        table.clone().into_iter().partition(|(key, _)| COMMON.contains(&key.get_ref().as_ref()));
    timing.remove("kind");
    let deserializer =
        |table| ValueDeserializer::from(Spanned::new(span.clone(), DeValue::Table(table)));
    // The parameters first: a misspelt `at` lands there and is better reported than missed.
    let kind = FaultKind::read(name, deserializer(parameters)).map_err(|error| {
        let at = error.span().unwrap_or_else(|| kind.span());
        document.serde_error_at(&error, at, &COMMON)
    })?;
    let Timing { at, lasts, every, times, may_miss } = Timing::deserialize(deserializer(timing))
        .map_err(|error| document.serde_error(&error, &[]))?;
    let repeat = match (every, times) {
        (Some(every), Some(times)) => Some(Repeat { every, times }),
        (None, None) => None,
        (alone, _) => {
            let key = if alone.is_some() { "every" } else { "times" };
            let path = [path, &[Step::Key(key)]].concat();
            return Err(document.expected(&path, "both `every` and `times`, or neither".to_owned()));
        }
    };
    Ok(Fault { at, lasts, repeat, may_miss, kind })
}

/// The folder from which the paths in a scenario file count.
fn project_dir(path: &Path) -> &Path {
    let is_root = |dir: &&Path| dir.file_name() == Some(OsStr::new(SCENARIOS_DIR));
    let own = path.parent().unwrap_or(Path::new(""));
    own.ancestors().find(is_root).and_then(Path::parent).unwrap_or(own)
}

/// `faults/kraken-outage` for `any/where/scenarios/faults/kraken-outage.toml`.
fn name_of(path: &Path) -> String {
    let names: Vec<_> = path
        .components()
        .filter_map(|component| match component {
            Component::Normal(name) => Some(name.to_string_lossy()),
            Component::Prefix(_)
            | Component::RootDir
            | Component::CurDir
            | Component::ParentDir => None,
        })
        .collect();
    let folder = names.iter().rposition(|name| name == SCENARIOS_DIR);
    let first = folder.map_or(names.len().saturating_sub(1), |at| at + 1);
    let name = names.get(first..).unwrap_or_default().join("/");
    name.strip_suffix(".toml").map_or(name.clone(), str::to_owned)
}

#[cfg(test)]
mod tests;
