//! `distance`: orders by great-circle distance between client and region, with bias (S6).

use serde::Deserialize;

use super::{Kind, Role, Sees};
use crate::geo::Position;
use crate::observe::Why;
use crate::steering::candidates::{Candidate, MemberIndex};
use crate::steering::compile::Context;
use crate::steering::decision_tree::Sight;
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

#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::steering) struct Site {
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

    fn sees(&self) -> Sees {
        Sees::Place
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

    /// The different sites of the best tier: a bit each in `class`.
    fn sight(&self, run: &Run<'_>, order_counts: bool) -> Option<Sight> {
        if order_counts && self.within_km > 0.0 {
            return None;
        }
        let best = run.candidates.as_slice().iter();
        let best = best.take(run.candidates.best_tier_len());
        let mut sites: Vec<Site> = Vec::new();
        for site in best.filter_map(|candidate| self.site(candidate.member)) {
            if !sites.contains(site) {
                sites.push(*site);
            }
        }
        (sites.len() <= u64::BITS as usize).then(|| Sight {
            sites: sites.into(),
            ..Sight::of(run.candidates)
        })
    }

    fn class(&self, run: &mut Run<'_>, sight: &Sight) -> Option<u64> {
        if sight.count < 2 {
            return Some(0);
        }
        run.located_within(run.location.scope);
        let Some(client) = run.location.position else {
            return Some(0);
        };
        let nearest = match self.within_km == 0.0 {
            true => only_nearest(&sight.sites, &client),
            false => None,
        };
        Some(nearest.unwrap_or_else(|| self.nearest(&sight.sites, &client)))
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
    /// A bit for each site that shares the best tier.
    fn nearest(&self, sites: &[Site], client: &Position) -> u64 {
        let distances = sites.iter().map(|site| site.biased_km(client));
        let nearest = distances.clone().fold(f64::INFINITY, f64::min);
        let bits = distances.zip(0..);
        bits.filter(|(km, _)| km - nearest <= self.within_km)
            .fold(0, |class, (_, bit)| class | 1 << bit)
    }

    fn site(&self, member: MemberIndex) -> Option<&Site> {
        self.sites.get(usize::from(member))
    }
}

impl Site {
    fn biased_km(&self, client: &Position) -> f64 {
        self.position.distance_km(client) * self.factor
    }
}

/// The bit of the nearest site by its chord, which needs no arcsine; `None` where that could mislead.
fn only_nearest(sites: &[Site], client: &Position) -> Option<u64> {
    let (mut nearest, mut second, mut bit) = (f64::INFINITY, f64::INFINITY, 0);
    for (number, site) in sites.iter().enumerate() {
        if site.bias != 0 {
            return None;
        }
        let chord = site.position.chord_squared(client);
        if chord < nearest {
            (nearest, second, bit) = (chord, nearest, number);
        } else {
            second = second.min(chord);
        }
    }
    // Rounding could make equal distances of chords as close as this.
    const APART: f64 = 1e-9;
    (second - nearest > APART).then_some(1 << bit)
}

/// S6: b > 0 → d·(1 − b/100); b < 0 → d/(1 + b/100).
fn factor(bias: i8) -> f64 {
    let share = f64::from(bias) / 100.0;
    match bias {
        0.. => 1.0 - share,
        _ => 1.0 / (1.0 + share),
    }
}
