//! Reads `[storm]` and its families, and tries every combination of the values that a family names.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::IgnoredAny;
use toml::de::{DeTable, DeValue, ValueDeserializer};
use toml::{Spanned, Value};

use super::choice::{Plain, Values};
use super::{Choice, Family, Storm};
use crate::document::{Document, Step};
use crate::error::ScenarioError;
use crate::fault::FaultKind;
use crate::scenario::read_kind;
use crate::schema::DurationText;
use crate::validate::limits;

/// The table without its families.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StormTable {
    #[serde(with = "crate::duration")]
    #[schemars(with = "DurationText")]
    at: Duration,
    #[serde(rename = "for", with = "crate::duration")]
    #[schemars(with = "DurationText")]
    lasts: Duration,
    #[serde(default = "default_faults_max")]
    faults_max: u32,
}

const fn default_faults_max() -> u32 {
    limits::STORM_FAULTS_DEFAULT
}

/// A family without its parameters.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct FamilyTable {
    #[serde(default = "default_seeds_percent")]
    seeds_percent: u32,
    #[serde(with = "crate::duration")]
    #[schemars(with = "DurationText")]
    every_min: Duration,
    #[serde(with = "crate::duration")]
    #[schemars(with = "DurationText")]
    every_max: Duration,
    #[serde(with = "crate::duration")]
    #[schemars(with = "DurationText")]
    for_min: Duration,
    #[serde(with = "crate::duration")]
    #[schemars(with = "DurationText")]
    for_max: Duration,
}

const fn default_seeds_percent() -> u32 {
    limits::SEEDS_PERCENT_DEFAULT
}

/// A choice that is written as a table.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChoiceTable {
    min: Option<Value>,
    max: Option<Value>,
    of: Option<Vec<IgnoredAny>>,
    percent: Option<u32>,
}

/// Keys that a family of any kind may have.
const COMMON: [&str; 6] = ["kind", "seeds_percent", "every_min", "every_max", "for_min", "for_max"];

type Element<'t> = Spanned<DeValue<'t>>;

/// A parameter with the values at its corners; `None` where it is left out.
type Corners<'t> = (Spanned<std::borrow::Cow<'t, str>>, Vec<Option<Element<'t>>>);

/// Reads the table, if there is one.
pub(crate) fn read_storm(document: &Document<'_>) -> Result<Option<Storm>, ScenarioError> {
    let key = [Step::Key("storm")];
    let Some(value) = document.get(&key) else { return Ok(None) };
    let Some(table) = value.get_ref().as_table() else {
        return Err(document.expected(&key, "a table".to_owned()));
    };
    let mut rest = table.clone();
    rest.remove("family");
    let span = value.span();
    let rest = ValueDeserializer::from(Spanned::new(span.clone(), DeValue::Table(rest)));
    let StormTable { at, lasts, faults_max } = StormTable::deserialize(rest).map_err(|error| {
        let at = error.span().unwrap_or(span);
        document.serde_error_at(&error, at, &["family"])
    })?;
    let list = [key[0], Step::Key("family")];
    let expected = || "at least one family of faults, each with the header [[storm.family]]";
    let families = document.get(&list).and_then(|list| list.get_ref().as_array());
    let families = families.filter(|families| !families.is_empty());
    let families = families.ok_or_else(|| document.expected(&list, expected().to_owned()))?;
    if families.len() > limits::FAMILIES_MAX {
        let expected = format!("at most {} families", limits::FAMILIES_MAX);
        return Err(
            document.expected(&[list[0], list[1], Step::Index(limits::FAMILIES_MAX)], expected)
        );
    }
    let families = families.iter().enumerate().map(|(index, element)| {
        let path = [list[0], list[1], Step::Index(index)];
        let table = element.get_ref().as_table();
        let table = table.ok_or_else(|| document.expected(&path, expected().to_owned()))?;
        read_family(document, &path, element, table)
    });
    let families = families.collect::<Result<_, _>>()?;
    Ok(Some(Storm { at, lasts, faults_max, families }))
}

fn read_family<'t>(
    document: &Document<'t>,
    path: &[Step<'_>],
    element: &Element<'t>,
    table: &DeTable<'t>,
) -> Result<Family, ScenarioError> {
    let span = element.span();
    let (kind, name) = read_kind(document, path, &span, table)?;
    let (mut common, named): (DeTable<'_>, DeTable<'_>) =
        table.clone().into_iter().partition(|(key, _)| COMMON.contains(&key.get_ref().as_ref()));
    common.remove("kind");
    let mut parameters = Vec::new();
    let mut corners = Vec::new();
    for (key, value) in named {
        let path = [path, &[Step::Key(key.get_ref())]].concat();
        let (choice, ends) = read_choice(document, &path, &value)?;
        let mut ends: Vec<_> = ends.into_iter().map(Some).collect();
        if choice.percent < 100 {
            ends.push(None);
        }
        parameters.push((key.get_ref().to_string(), choice));
        corners.push((key, ends));
    }
    // The parameters first: a misspelt key lands there and is better reported than missed.
    let tried = try_all(document, path, (name, kind), &corners)?;
    let common = Spanned::new(span, DeValue::Table(common));
    let FamilyTable { seeds_percent, every_min, every_max, for_min, for_max } =
        FamilyTable::deserialize(ValueDeserializer::from(common))
            .map_err(|error| document.serde_error(&error, &[]))?;
    Ok(Family {
        kind: name.to_owned(),
        seeds_percent,
        every: (every_min, every_max),
        lasts: (for_min, for_max),
        labels: tried.iter().map(FaultKind::label).collect(),
        strikes_sink: tried.iter().any(FaultKind::strikes_sink),
        parameters,
    })
}

/// What a parameter may be, and the values that stand for all of it.
fn read_choice<'t>(
    document: &Document<'t>,
    path: &[Step<'_>],
    value: &Element<'t>,
) -> Result<(Choice, Vec<Element<'t>>), ScenarioError> {
    let list = |path: &[Step<'_>], list: &Element<'t>| {
        let elements = list.get_ref().as_array().map(|list| list.iter().cloned().collect());
        let elements: Vec<Element<'t>> = elements.unwrap_or_default();
        let values: Option<Vec<_>> =
            elements.iter().map(|value| Plain::new(&plain(value)?)).collect();
        match values.filter(|values| !values.is_empty()) {
            Some(values) => Ok((Values::Of(values), elements)),
            None => Err(document.expected(path, "a list of values, at least one".to_owned())),
        }
    };
    if value.get_ref().is_array() {
        let (values, ends) = list(path, value)?;
        return Ok((Choice::always(values), ends));
    }
    let Some(table) = value.get_ref().as_table() else {
        let one = plain(value).as_ref().and_then(Plain::new);
        let one = one.ok_or_else(|| document.expected(path, expected_choice()))?;
        return Ok((Choice::always(Values::Of(vec![one])), vec![value.clone()]));
    };
    let read = ChoiceTable::deserialize(ValueDeserializer::from(value.clone()))
        .map_err(|error| document.serde_error(&error, &[]))?;
    let percent = read.percent.unwrap_or(100);
    if !limits::PERCENT.contains(&percent) {
        let (min, max) = (limits::PERCENT.start(), limits::PERCENT.end());
        let path = [path, &[Step::Key("percent")]].concat();
        return Err(document.expected(&path, format!("{min} to {max}")));
    }
    let (values, ends) = match (table.get("of"), table.get("min"), table.get("max")) {
        (Some(of), None, None) if read.of.is_some() => {
            list(&[path, &[Step::Key("of")]].concat(), of)?
        }
        (None, Some(low), Some(high)) => {
            let range = read.min.zip(read.max).and_then(|(min, max)| Values::range(&min, &max));
            let expected =
                || "two whole numbers or two durations, `min` not above `max`".to_owned();
            let range = range.ok_or_else(|| document.expected(path, expected()))?;
            (range, vec![low.clone(), high.clone()])
        }
        _ => return Err(document.expected(path, expected_choice())),
    };
    Ok((Choice { percent, values }, ends))
}

fn expected_choice() -> String {
    "a value, a list of values to choose from, { min, max }, or { of = [...] }, both with `percent` if \
     only some have it"
        .to_owned()
}

/// Reads the kind with every combination of the values at the corners of its parameters.
///
/// What does not go with the others is left out, as when faults are drawn; that must lead to a fault. Returns
/// these faults.
fn try_all(
    document: &Document<'_>,
    path: &[Step<'_>],
    (name, kind): (&str, &Element<'_>),
    corners: &[Corners<'_>],
) -> Result<Vec<FaultKind>, ScenarioError> {
    let total = corners.iter().map(|(_, ends)| ends.len()).try_fold(1_usize, usize::checked_mul);
    let total = total.filter(|total| *total <= limits::COMBINATIONS_MAX);
    let total = total.ok_or_else(|| {
        document
            .expected(path, format!("at most {} combinations of values", limits::COMBINATIONS_MAX))
    })?;
    let mut tried = Vec::with_capacity(total);
    for number in 0..total {
        let mut rest = number;
        let mut table = DeTable::new();
        for (key, ends) in corners {
            if let Some(end) = &ends[rest % ends.len()] {
                table.insert(key.clone(), end.clone());
            }
            rest /= ends.len();
        }
        tried.push(try_one(document, path, (name, kind), table)?);
    }
    Ok(tried)
}

fn try_one(
    document: &Document<'_>,
    path: &[Step<'_>],
    (name, kind): (&str, &Element<'_>),
    mut table: DeTable<'_>,
) -> Result<FaultKind, ScenarioError> {
    // What was wrong first: the later ones only follow from what was left out.
    let mut refusal = None;
    loop {
        let parameters = Spanned::new(kind.span(), DeValue::Table(table.clone()));
        let read = FaultKind::read(name, ValueDeserializer::from(parameters)).map_err(|error| {
            let at = error.span().unwrap_or_else(|| kind.span());
            document.serde_error_at(&error, at, &COMMON)
        });
        let read = match read {
            Ok(read) => read,
            Err(error) => return Err(refusal.unwrap_or(error)),
        };
        let Some((key, expected)) = read.problem() else { return Ok(read) };
        let error = document.expected(&[path, &[Step::Key(key)]].concat(), expected);
        if table.remove(key).is_none() {
            return Err(refusal.unwrap_or(error));
        }
        refusal.get_or_insert(error);
    }
}

/// A value without its positions; `None` for a number beyond 64 bits.
fn plain(value: &Element<'_>) -> Option<Value> {
    Value::deserialize(ValueDeserializer::from(value.clone())).ok()
}
