//! The kinds of step, one file each. A new kind is its file and its line in `step_kinds!`.

mod admin;
mod cost;
mod distance;
mod explore;
mod fence;
mod first;
mod geo;
mod healthy;
mod label;
mod latency;
mod load;
mod nest;
mod priority;
mod sticky;
mod weighted;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

pub(super) use distance::Site;
pub(super) use latency::Seat;

use super::candidates::{Candidate, MemberIndex};
use super::compile::Context;
use super::decision_tree::Sight;
use super::draw::{DrawKind, Stake};
use super::policy::PolicyIndex;
use super::run::{Flow, Run};
use super::sift::IfEmpty;
use crate::observe::{Reason, Why};

/// What a step does with candidates that a fallback pool brought in: they pass through sorting steps only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Sifts,
    /// Sifts by what is believed of endpoints, which a fallback never asks.
    AsksHealth,
    Sorts,
}

/// What of a question a step looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sees {
    Nobody,
    /// The name asked for.
    Name,
    /// Where it is taken to be.
    Place,
    /// Its address as well.
    Address,
    /// Where it is taken to be, as long as vantages disagree.
    Views,
    /// How loaded candidates are by now, and whom they shed.
    Load,
    /// Its prefix is drawn for.
    Prefix(DrawKind),
}

/// A kind of step: how it is written, checked, run and explained.
trait Kind: Sized {
    const NAME: &'static str;
    const ROLE: Role;

    /// The options as they are written.
    type Options: DeserializeOwned;

    /// Resolves the options for one policy. The error names the field.
    fn compile(options: Self::Options, context: &mut Context<'_>) -> Result<Self, String>;

    fn apply(&self, run: &mut Run<'_>) -> Flow;

    fn sees(&self) -> Sees {
        Sees::Nobody
    }

    /// For a step that sees where the client is: what `class` needs to know of the candidates; `None`: it cannot tell
    /// classes. If `order_counts`, those of a class get their candidates in the same order.
    fn sight(&self, run: &Run<'_>, _order_counts: bool) -> Option<Sight> {
        Some(Sight::of(run.candidates))
    }

    /// A number that clients share only if `apply` makes the same of the candidates in `sight` for all of them; of one
    /// that sorts, the same best tier. Notes the scope as `apply` does. `None`: it cannot tell.
    fn class(&self, _run: &mut Run<'_>, _sight: &Sight) -> Option<u64> {
        None
    }

    /// For a step that draws: what a member brings to it.
    fn stake(&self, _member: MemberIndex) -> Option<Stake> {
        None
    }

    /// Why the step dropped, or would have dropped, a member. Asked after `apply`, only by explanations.
    fn why_dropped(&self, _run: &Run<'_>, _member: MemberIndex) -> Reason {
        Reason::NotSaid
    }

    /// What the step found of a candidate that it kept.
    fn why_kept(&self, _run: &Run<'_>, _candidate: &Candidate) -> Why {
        Why::NotSaid
    }

    /// What happens if the step would drop all; nothing for a step that sorts.
    fn if_empty(&self) -> Option<&IfEmpty> {
        None
    }

    /// The policy that the step may let answer instead.
    fn successor(&self) -> Option<PolicyIndex> {
        self.if_empty()?.policy()
    }
}

macro_rules! step_kinds {
    ($($kind:ident => $module:ident,)*) => {
        /// A compiled step of any kind.
        #[derive(Debug)]
        pub(super) enum Step {
            $($kind($module::$kind),)*
        }

        const NAMES: &[&str] = &[$($module::$kind::NAME),*];

        impl Step {
            fn compile_kind(kind: &str, options: Map<String, Value>, context: &mut Context<'_>) -> Result<Self, String> {
                match kind {
                    $($module::$kind::NAME => {
                        let options = read_options(options)?;
                        Ok(Self::$kind($module::$kind::compile(options, context)?))
                    })*
                    _ => Err(format!("unknown kind; it is one of {}", NAMES.join(", "))),
                }
            }

            pub(super) fn name(&self) -> &'static str {
                match self { $(Self::$kind(_) => $module::$kind::NAME,)* }
            }

            pub(super) fn role(&self) -> Role {
                match self { $(Self::$kind(_) => $module::$kind::ROLE,)* }
            }

            pub(super) fn apply(&self, run: &mut Run<'_>) -> Flow {
                match self { $(Self::$kind(step) => step.apply(run),)* }
            }

            pub(super) fn sees(&self) -> Sees {
                match self { $(Self::$kind(step) => step.sees(),)* }
            }

            pub(super) fn sight(&self, run: &Run<'_>, order_counts: bool) -> Option<Sight> {
                match self { $(Self::$kind(step) => step.sight(run, order_counts),)* }
            }

            pub(super) fn class(&self, run: &mut Run<'_>, sight: &Sight) -> Option<u64> {
                match self { $(Self::$kind(step) => step.class(run, sight),)* }
            }

            pub(super) fn stake(&self, member: MemberIndex) -> Option<Stake> {
                match self { $(Self::$kind(step) => step.stake(member),)* }
            }

            pub(super) fn why_dropped(&self, run: &Run<'_>, member: MemberIndex) -> Reason {
                match self { $(Self::$kind(step) => step.why_dropped(run, member),)* }
            }

            pub(super) fn why_kept(&self, run: &Run<'_>, candidate: &Candidate) -> Why {
                match self { $(Self::$kind(step) => step.why_kept(run, candidate),)* }
            }

            /// The policy that the step may let answer instead.
            pub(super) fn successor(&self) -> Option<PolicyIndex> {
                match self { $(Self::$kind(step) => step.successor(),)* }
            }
        }
    };
}

step_kinds! {
    Healthy => healthy,
    Admin => admin,
    Fence => fence,
    Label => label,
    Geo => geo,
    Distance => distance,
    Latency => latency,
    Explore => explore,
    Cost => cost,
    Load => load,
    Priority => priority,
    Weighted => weighted,
    Sticky => sticky,
    Use => nest,
    First => first,
}

impl Step {
    /// Compiles a step as it is written. The error is the step's kind and what is wrong, naming the field.
    pub(super) fn compile(
        mut written: Map<String, Value>,
        context: &mut Context<'_>,
    ) -> Result<Self, (String, String)> {
        let kind = match written.remove("kind") {
            Some(Value::String(kind)) => kind,
            _ => return Err((String::new(), "kind: missing".to_owned())),
        };
        Self::compile_kind(&kind, written, context).map_err(|error| (kind, error))
    }

    pub(super) fn is_first(&self) -> bool {
        matches!(self, Self::First(_))
    }

    pub(super) fn is_explore(&self) -> bool {
        matches!(self, Self::Explore(_))
    }

    pub(super) fn is_first_one(&self) -> bool {
        matches!(self, Self::First(first) if first.is_one())
    }
}

fn read_options<T: DeserializeOwned>(options: Map<String, Value>) -> Result<T, String> {
    let options = Value::Object(options);
    if let Ok(read) = T::deserialize(&options) {
        return Ok(read);
    }
    // Once more, keeping track of where the error is.
    serde_path_to_error::deserialize(options).map_err(|error| {
        match error.path().to_string().as_str() {
            "." => error.inner().to_string(),
            field => format!("{field}: {}", error.inner()),
        }
    })
}
