//! All that is believed while queries are answered, indexed by the endpoints of a world: what `select` asks.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use crate::geo::Position;
use crate::health::{HealthTable, Path, State};
use crate::latency_map::{Column, LatencyMap, NO_COLUMN};
use crate::load::LoadReport;
use crate::steering::{Endpoint, EndpointIndex, Family, PolicySet};

/// What came of all beliefs, also about endpoints and regions that no snapshot knows yet.
#[derive(Debug, Clone, Default)]
pub struct Known {
    pub health: Arc<HealthTable>,
    pub latency: Arc<LatencyMap>,
    /// Endpoints that break-glass orders have switched off, by id (P6).
    pub switched_off: Arc<BTreeSet<u32>>,
}

/// What one vantage says of an endpoint that others see differently.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct View {
    /// The id of the vantage's region.
    pub vantage: u32,
    pub position: Position,
    pub is_up: bool,
}

/// By the endpoints of one `PolicySet`. Made when either of the two changes.
#[derive(Debug, Default)]
pub struct Beliefs {
    /// Tells this view from every other, for whoever remembers what it led to.
    epoch: Arc<()>,
    sequence: u64,
    ipv4: Box<[State]>,
    ipv6: Box<[State]>,
    latency: Arc<LatencyMap>,
    /// Of each endpoint's region in the latency map.
    columns: Box<[Column]>,
    loads: Box<[Option<LoadReport>]>,
    /// Who is failing but not yet down, for clients that ask for IPv4 and for IPv6.
    failing: Box<[(bool, bool)]>,
    any_failing: bool,
    /// Empty while nobody is.
    switched_off: Box<[bool]>,
    /// Of endpoints that vantages disagree about, for clients that ask for IPv4 and for IPv6.
    views: HashMap<(EndpointIndex, Family), Box<[View]>>,
}

impl Beliefs {
    pub fn of(policies: &PolicySet, known: &Known) -> Self {
        Self::new(policies, &known.health)
            .with_latency(policies, known.latency.clone())
            .with_switched_off(policies, &known.switched_off)
    }

    /// Of health alone.
    pub fn new(policies: &PolicySet, table: &HealthTable) -> Self {
        let states = |family: Family| {
            let endpoints = policies.endpoints().iter();
            endpoints
                .map(|endpoint| {
                    let told = table.state(endpoint.id, path_of(endpoint, family));
                    match endpoint.checked || told == State::Down {
                        true => told,
                        false => State::Up,
                    }
                })
                .collect()
        };
        let is_failing = |endpoint: &Endpoint, family: Family| {
            endpoint.checked && table.is_failing(endpoint.id, path_of(endpoint, family))
        };
        let endpoints = policies.endpoints().iter();
        let failing: Box<[_]> = endpoints
            .map(|endpoint| {
                let over = |family| is_failing(endpoint, family);
                (over(Family::V4), over(Family::V6))
            })
            .collect();
        let endpoints = policies.endpoints().iter();
        Self {
            any_failing: failing.iter().any(|(ipv4, ipv6)| *ipv4 || *ipv6),
            failing,
            switched_off: Box::default(),
            views: views(policies, table),
            epoch: Arc::default(),
            sequence: table.sequence(),
            ipv4: states(Family::V4),
            ipv6: states(Family::V6),
            latency: Arc::default(),
            columns: Box::default(),
            loads: endpoints.map(|endpoint| table.load(endpoint.id)).collect(),
        }
    }

    /// The same with the latencies of `map`. `policies` are those that this was made for.
    pub fn with_latency(mut self, policies: &PolicySet, map: Arc<LatencyMap>) -> Self {
        let endpoints = policies.endpoints().iter();
        let columns = endpoints.map(|endpoint| map.column(endpoint.region));
        self.columns = columns.map(|column| column.unwrap_or(NO_COLUMN)).collect();
        self.latency = map;
        self
    }

    /// The same without the endpoints of these ids. `policies` are those that this was made for.
    pub fn with_switched_off(mut self, policies: &PolicySet, ids: &BTreeSet<u32>) -> Self {
        let endpoints = policies.endpoints().iter();
        let off: Box<[bool]> = endpoints
            .map(|endpoint| ids.contains(&endpoint.id))
            .collect();
        self.switched_off = if off.contains(&true) {
            off
        } else {
            Box::default()
        };
        self
    }

    pub fn latency(&self) -> &LatencyMap {
        &self.latency
    }

    /// Of the region of an endpoint of the set; `NO_COLUMN` if the latency map does not know it.
    pub(crate) fn column(&self, endpoint: EndpointIndex) -> Column {
        let column = self.columns.get(endpoint.as_usize());
        column.copied().unwrap_or(NO_COLUMN)
    }

    /// The view that follows `earlier` made for the same policies. What `earlier` led to stays remembered if only loads or
    /// round trips differ: they are looked at for each query, but for whether there are any.
    pub fn following(mut self, earlier: &Self) -> Self {
        let said = |beliefs: &Self| -> Vec<bool> {
            let loads = beliefs.loads.iter();
            loads.map(Option::is_some).collect()
        };
        let is_split = |beliefs: &Self| -> HashSet<_> { beliefs.views.keys().copied().collect() };
        let alike = self.ipv4 == earlier.ipv4
            && self.ipv6 == earlier.ipv6
            && is_split(&self) == is_split(earlier)
            && self.columns == earlier.columns
            && self.switched_off == earlier.switched_off;
        if alike && said(&self) == said(earlier) {
            self.epoch = earlier.epoch.clone();
        }
        self
    }

    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    pub(crate) fn epoch(&self) -> &Arc<()> {
        &self.epoch
    }

    /// Whether any endpoint is switched off.
    #[inline]
    pub(crate) fn any_switched_off(&self) -> bool {
        !self.switched_off.is_empty()
    }

    pub(crate) fn is_switched_off(&self, endpoint: EndpointIndex) -> bool {
        let off = self.switched_off.get(endpoint.as_usize());
        off.copied().unwrap_or(false)
    }

    /// Whether any endpoint is failing but not yet down.
    #[inline]
    pub(crate) fn any_failing(&self) -> bool {
        self.any_failing
    }

    /// Whether an endpoint of the set is, for clients that ask for `family`.
    pub(crate) fn is_failing(&self, endpoint: EndpointIndex, family: Family) -> bool {
        let failing = self.failing.get(endpoint.as_usize());
        failing.is_some_and(|(ipv4, ipv6)| match family {
            Family::V4 => *ipv4,
            Family::V6 => *ipv6,
        })
    }

    /// What vantages say of an endpoint of the set, if they disagree, for clients that ask for `family`.
    #[inline]
    pub(crate) fn views(&self, endpoint: EndpointIndex, family: Family) -> &[View] {
        match self.views.is_empty() {
            true => &[],
            false => self
                .views
                .get(&(endpoint, family))
                .map_or(&[], |views| views),
        }
    }

    /// What an endpoint of the set said of its load last, however long ago.
    pub fn load(&self, endpoint: EndpointIndex) -> Option<LoadReport> {
        self.loads.get(endpoint.as_usize()).copied().flatten()
    }

    /// The state of an endpoint of the set for clients that ask for `family`.
    pub fn state(&self, endpoint: EndpointIndex, family: Family) -> State {
        let states = match family {
            Family::V4 => &self.ipv4,
            Family::V6 => &self.ipv6,
        };
        states.get(endpoint.as_usize()).copied().unwrap_or_default()
    }
}

fn path_of(endpoint: &Endpoint, family: Family) -> Path {
    match &endpoint.hostname {
        Some(_) => Path::Name,
        None => family.into(),
    }
}

/// Of vantages whose regions the snapshot knows: of others nobody can say how near they are.
fn views(
    policies: &PolicySet,
    table: &HealthTable,
) -> HashMap<(EndpointIndex, Family), Box<[View]>> {
    let mut views = HashMap::new();
    if table.views().next().is_none() {
        return views;
    }
    for (index, endpoint) in policies.indexed_endpoints() {
        for family in [Family::V4, Family::V6] {
            let said = table.views_of(endpoint.id, path_of(endpoint, family));
            let located = said.iter().filter_map(|(vantage, is_up)| {
                Some(View {
                    vantage: *vantage,
                    position: policies.region(*vantage)?.position,
                    is_up: *is_up,
                })
            });
            let located: Box<[View]> = located.collect();
            if endpoint.checked && !located.is_empty() {
                views.insert((index, family), located);
            }
        }
    }
    views
}
