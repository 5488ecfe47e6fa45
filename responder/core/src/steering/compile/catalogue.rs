//! Regions, endpoints and pools of a chunk, checked one by one and found by id.

use std::collections::{HashMap, HashSet};

use super::{PolicyError, absolute_name};
use crate::geo::Position;
use crate::steering::chunk_v1::{self, Chunk, Pool};
use crate::steering::policy::{Endpoint, EndpointIndex, PolicyIndex, Region};

pub(super) struct Catalogue<'c> {
    pub regions: HashMap<u32, Region>,
    pub endpoints: Box<[Endpoint]>,
    pub endpoint_by_id: HashMap<u32, EndpointIndex>,
    pub policy_by_id: HashMap<u32, PolicyIndex>,
    pools: HashMap<u32, &'c Pool>,
    written: &'c [chunk_v1::Endpoint],
}

impl<'c> Catalogue<'c> {
    pub(super) fn new(chunk: &'c Chunk) -> Result<Self, PolicyError> {
        let regions = by_id(
            "region",
            chunk.regions.iter().map(|region| (region.id, region)),
        )?;
        let regions = regions
            .into_iter()
            .map(|(id, written)| Ok((id, region(written)?)))
            .collect::<Result<HashMap<_, _>, _>>()?;
        let ids = chunk.endpoints.iter().map(|endpoint| endpoint.id);
        let endpoint_by_id = by_id("endpoint", ids.zip((0..).map(EndpointIndex)))?;
        let endpoints = chunk.endpoints.iter();
        let endpoints = endpoints.map(|written| endpoint(written, &regions));
        let endpoints = endpoints.collect::<Result<_, _>>()?;
        let pools = by_id("pool", chunk.pools.iter().map(|pool| (pool.id, pool)))?;
        for pool in &chunk.pools {
            check_pool(pool, &endpoint_by_id)?;
        }
        let ids = chunk.policies.iter().map(|policy| policy.id);
        Ok(Self {
            regions,
            endpoints,
            endpoint_by_id,
            policy_by_id: by_id("policy", ids.zip((0..).map(PolicyIndex)))?,
            pools,
            written: &chunk.endpoints,
        })
    }

    pub(super) fn pool(&self, id: u32) -> Result<&'c Pool, String> {
        let pool = self.pools.get(&id).copied();
        pool.ok_or_else(|| format!("pool {id} is not in the chunk"))
    }

    pub(super) fn region(&self, id: u32) -> Result<&Region, String> {
        let region = self.regions.get(&id);
        region.ok_or_else(|| format!("region {id} is not in the chunk"))
    }

    /// The endpoint with what only compiling needs of it: labels and metadata.
    pub(super) fn written(&self, index: EndpointIndex) -> Option<&'c chunk_v1::Endpoint> {
        self.written.get(index.as_usize())
    }
}

fn by_id<T>(
    what: &str,
    items: impl Iterator<Item = (u32, T)>,
) -> Result<HashMap<u32, T>, PolicyError> {
    let mut map = HashMap::new();
    for (id, item) in items {
        if id == 0 || map.insert(id, item).is_some() {
            let message = match id {
                0 => "ids are above 0",
                _ => "the id is there twice",
            };
            return Err(PolicyError::new(format!("{what} {id}"), message));
        }
    }
    Ok(map)
}

fn region(written: &chunk_v1::Region) -> Result<Region, PolicyError> {
    let place = || format!("region \"{}\"", written.name);
    let (latitude, longitude) = (written.latitude, written.longitude);
    if !(-90.0..=90.0).contains(&latitude) {
        return Err(PolicyError::new(
            place(),
            "latitude: must be from -90 to 90",
        ));
    }
    if !(-180.0..=180.0).contains(&longitude) {
        return Err(PolicyError::new(
            place(),
            "longitude: must be from -180 to 180",
        ));
    }
    Ok(Region {
        id: written.id,
        name: written.name.as_str().into(),
        position: Position::new(latitude, longitude),
    })
}

fn endpoint(
    written: &chunk_v1::Endpoint,
    regions: &HashMap<u32, Region>,
) -> Result<Endpoint, PolicyError> {
    let refuse =
        |message: String| PolicyError::new(format!("endpoint \"{}\"", written.name), message);
    if !regions.contains_key(&written.region) {
        let message = format!("region: region {} is not in the chunk", written.region);
        return Err(refuse(message));
    }
    let has_address = written.ipv4.is_some() || written.ipv6.is_some();
    if has_address == written.hostname.is_some() {
        let message = "give either a hostname, or ipv4, ipv6 or both";
        return Err(refuse(message.to_owned()));
    }
    let hostname = written.hostname.as_deref().map(absolute_name).transpose();
    let hostname = hostname.map_err(|error| refuse(format!("hostname: {error}")))?;
    check_bias(written.bias).map_err(refuse)?;
    check_cost(written.cost).map_err(refuse)?;
    if written.capacity.is_some_and(|capacity| capacity < 0.0) {
        return Err(refuse("capacity: must be 0 or more".to_owned()));
    }
    Ok(Endpoint {
        id: written.id,
        name: written.name.as_str().into(),
        region: written.region,
        ipv4: written.ipv4,
        ipv6: written.ipv6,
        hostname: hostname.map(Box::new),
        admin_state: written.admin_state,
        checked: written.checked,
    })
}

fn check_pool(pool: &Pool, endpoints: &HashMap<u32, EndpointIndex>) -> Result<(), PolicyError> {
    let refuse = |message: String| PolicyError::new(format!("pool \"{}\"", pool.name), message);
    check_bias(pool.bias).map_err(refuse)?;
    check_cost(pool.cost).map_err(refuse)?;
    let mut seen = HashSet::new();
    for member in &pool.members {
        let id = member.endpoint;
        if !endpoints.contains_key(&id) {
            return Err(refuse(format!("endpoint {id} is not in the chunk")));
        }
        if !seen.insert(id) {
            return Err(refuse(format!("endpoint {id} is a member twice")));
        }
        let said = check_bias(member.bias).and_then(|()| check_cost(member.cost));
        said.map_err(|error| refuse(format!("endpoint {id}: {error}")))?;
    }
    Ok(())
}

fn check_bias(bias: Option<i8>) -> Result<(), String> {
    match bias {
        None | Some(-99..=99) => Ok(()),
        Some(bias) => Err(format!("bias: {bias} is not from -99 to 99")),
    }
}

fn check_cost(cost: Option<f64>) -> Result<(), String> {
    match cost {
        None => Ok(()),
        Some(cost) if cost >= 0.0 => Ok(()),
        Some(cost) => Err(format!("cost: {cost} is not 0 or more")),
    }
}
