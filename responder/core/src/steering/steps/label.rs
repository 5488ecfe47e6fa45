//! `label`: keeps endpoints by their labels, those that selectors match, or whose label is that of the name asked for.
//!
//! ```text
//! *.shards.example.com ─► policy ─► label name_label=shard
//! 17.shards.example.com?  keeps the endpoints with the label shard=17
//! ```

use serde::Deserialize;

use super::{Kind, Role, Sees};
use crate::observe::Reason;
use crate::steering::candidates::{MemberIndex, MemberSet};
use crate::steering::compile::Context;
use crate::steering::run::{Flow, Run};
use crate::steering::selector::Selector;
use crate::steering::sift::{IfEmpty, IfEmptyOption, sift};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::steering) struct Options {
    #[serde(default)]
    select: Vec<String>,
    #[serde(default)]
    name_label: Option<String>,
    #[serde(default)]
    if_empty: IfEmptyOption,
}

/// What the label of one member says; `None`: it has none.
type Value = Option<Box<[u8]>>;

#[derive(Debug)]
pub(in crate::steering) struct Label {
    /// Whom each selector matches.
    selected: Box<[MemberSet]>,
    /// By member: the value that the first label of the name has to have. `None`: names are not looked at.
    by_name: Option<Box<[Value]>>,
    if_empty: IfEmpty,
}

impl Kind for Label {
    const NAME: &'static str = "label";
    const ROLE: Role = Role::Sifts;
    type Options = Options;

    fn compile(options: Options, context: &mut Context<'_>) -> Result<Self, String> {
        if options.select.is_empty() && options.name_label.is_none() {
            return Err("select, name_label: give at least one of them".to_owned());
        }
        let if_empty = IfEmpty::compile(options.if_empty, context)?;
        let selected = options.select.iter().map(|text| {
            let selector = Selector::parse(text).map_err(|error| format!("select: {error}"))?;
            Ok(context.members_with_labels(Some(&selector)))
        });
        Ok(Self {
            selected: selected.collect::<Result<_, String>>()?,
            by_name: options.name_label.map(|key| values(&key, context)),
            if_empty,
        })
    }

    fn sees(&self) -> Sees {
        match self.by_name {
            Some(_) => Sees::Name,
            None => Sees::Nobody,
        }
    }

    fn apply(&self, run: &mut Run<'_>) -> Flow {
        sift(run, &self.if_empty, |run, member| {
            self.unmatched(member).is_none() && self.is_named(run, member)
        })
    }

    fn why_dropped(&self, _run: &Run<'_>, member: MemberIndex) -> Reason {
        match self.unmatched(member) {
            Some(place) => Reason::NotSelected(place + 1),
            None => Reason::NotNamed,
        }
    }

    fn if_empty(&self) -> Option<&IfEmpty> {
        Some(&self.if_empty)
    }
}

impl Label {
    /// The first selector that does not match.
    fn unmatched(&self, member: MemberIndex) -> Option<usize> {
        let mut selected = self.selected.iter();
        selected.position(|selected| !selected.contains(member))
    }

    fn is_named(&self, run: &Run<'_>, member: MemberIndex) -> bool {
        let Some(values) = &self.by_name else {
            return true;
        };
        let value = values.get(usize::from(member)).and_then(Option::as_deref);
        value.is_some() && value == run.question.name.labels().next()
    }
}

/// The label `key` of every member, in lower case as names are when they are looked up.
fn values(key: &str, context: &Context<'_>) -> Box<[Value]> {
    let values = context.labels(key);
    values
        .map(|value| value.map(|value| value.to_ascii_lowercase().into_bytes().into()))
        .collect()
}
