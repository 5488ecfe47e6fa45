//! `distance`: orders by great-circle distance between client and region, with bias (S6).

use serde::Deserialize;

use super::{Kind, Role};
use crate::geo::Position;
use crate::observe::Why;
use crate::steering::candidates::{Candidate, MemberIndex};
use crate::steering::compile::Context;
use crate::steering::run::{Flow, Run};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::steering) struct Options {
    #[serde(default)]
    within_km: f64,
    #[serde(default)]
    bias: i8,
}

#[derive(Debug)]
pub(in crate::steering) struct Distance {
    within_km: f64,
    /// By member.
    sites: Box<[Site]>,
}

#[derive(Debug)]
struct Site {
    position: Position,
    bias: i8,
    factor: f64,
}

impl Kind for Distance {
    const NAME: &'static str = "distance";
    const ROLE: Role = Role::Sorts;
    type Options = Options;

    fn compile(options: Options, context: &mut Context<'_>) -> Result<Self, String> {
        if !(options.within_km >= 0.0 && options.within_km.is_finite()) {
            return Err("within_km: must be 0 or more".to_owned());
        }
        if !(-99..=99).contains(&options.bias) {
            return Err("bias: must be from -99 to 99".to_owned());
        }
        let sites = context.members().map(|(member, endpoint)| {
            let position = context.position(endpoint)?;
            let bias = member.bias.unwrap_or(options.bias);
            Ok(Site {
                position,
                bias,
                factor: factor(bias),
            })
        });
        Ok(Self {
            within_km: options.within_km,
            sites: sites.collect::<Result<_, String>>()?,
        })
    }

    fn apply(&self, run: &mut Run<'_>) -> Flow {
        if run.candidates.len() < 2 {
            return Flow::Continue;
        }
        run.located_within(run.location.scope);
        let Some(client) = run.location.position else {
            return Flow::Continue;
        };
        let biased_km = |member| {
            let site = self.site(member);
            site.map_or(f64::MAX, |site| site.biased_km(&client))
        };
        run.candidates.refine(biased_km, |nearest, before, this| {
            this - nearest <= self.within_km || this == before
        });
        Flow::Continue
    }

    fn why_kept(&self, run: &Run<'_>, candidate: &Candidate) -> Why {
        match (run.location.position, self.site(candidate.member)) {
            (Some(client), Some(site)) => Why::Distance {
                km: site.position.distance_km(&client),
                bias: site.bias,
            },
            _ => Why::NoClientPosition,
        }
    }
}

impl Distance {
    fn site(&self, member: MemberIndex) -> Option<&Site> {
        self.sites.get(usize::from(member))
    }
}

impl Site {
    fn biased_km(&self, client: &Position) -> f64 {
        self.position.distance_km(client) * self.factor
    }
}

/// S6: b > 0 → d·(1 − b/100); b < 0 → d/(1 + b/100).
fn factor(bias: i8) -> f64 {
    let share = f64::from(bias) / 100.0;
    match bias {
        0.. => 1.0 - share,
        _ => 1.0 / (1.0 + share),
    }
}
