//! The state of one answer, and the chain of names that it follows.

use super::{Proof, Reply, Request};
use crate::beliefs::Beliefs;
use crate::counters::Tally;
use crate::observe::{Observer, StageOutcome};
use crate::rate_limit::Subject;
use crate::snapshot::World;
use crate::steering::{Client, Scratch, Subnet, Watched};
use crate::wire::extended_error::ExtendedError;
use crate::wire::types::CLASS_IN;
use crate::wire::writer::{MessageWriter, Owner, Section, Verdict};
use crate::wire::{ClientSubnet, LookupName, Name, NameBuf, Query, Rcode, RecordType};
use crate::zone::{Found, RecordSet, Zone};

/// Names that one answer looks up at most: a longer chain costs us more than it can be worth to the client.
pub(super) const LONGEST_CHAIN: usize = 16;

/// What a looked-up name leads to.
#[expect(clippy::large_enum_variant, reason = "lives on the stack for one call")]
pub(super) enum Next {
    Done,
    Follow(NameBuf),
}

/// While this is set, names are followed for their addresses only, and these answered as the owner's own.
pub(super) struct Flattening<'w> {
    /// `None`: the name of the question.
    pub owner: Option<NameBuf>,
    pub ttl_s: u32,
    /// Denies the owner's addresses if none are found.
    pub zone: &'w Zone,
}

impl Flattening<'_> {
    fn owner(&self) -> Owner<'_> {
        let owner = self.owner.as_ref();
        owner.map_or(Owner::Question, |name| Owner::Name(name.as_name()))
    }
}

pub(super) struct Resolution<'w, 'q, O> {
    pub world: &'w World,
    pub beliefs: &'w Beliefs,
    pub client: Client,
    pub now_s: u64,
    pub record_type: RecordType,
    /// RFC 1034 section 3.7.1: nobody has authority over all classes.
    can_be_authoritative: bool,
    pub writer: MessageWriter<'q>,
    pub verdict: Verdict,
    pub tally: Tally,
    pub watched: Option<Watched>,
    subject: Subject,
    pub flattening: Option<Flattening<'w>>,
    pub scratch: &'q mut Scratch,
    pub observer: &'q mut O,
    pub trail: &'q mut Trail,
}

impl<'w, 'q, O: Observer> Resolution<'w, 'q, O> {
    #[inline]
    pub fn new(
        (world, beliefs): (&'w World, &'w Beliefs),
        request: &Request<'_>,
        query: &Query,
        writer: MessageWriter<'q>,
        (trail, scratch): (&'q mut Trail, &'q mut Scratch),
        observer: &'q mut O,
    ) -> Self {
        let is_stale = request.settings.is_stale;
        let subnet = query.edns.as_ref();
        let subnet = subnet.and_then(|edns| edns.client_subnet.as_ref());
        Self {
            world,
            beliefs,
            client: Client {
                resolver: request.source,
                subnet: subnet.and_then(Subnet::of_option),
            },
            now_s: request.now_s,
            record_type: query.record_type,
            can_be_authoritative: query.class == CLASS_IN,
            writer,
            verdict: Verdict {
                extended_error: is_stale.then_some(ExtendedError::StaleAnswer),
                ..Verdict::of(Rcode::NOERROR)
            },
            tally: Tally::of_static(Rcode::NOERROR),
            watched: None,
            subject: Subject::Error,
            flattening: None,
            scratch,
            observer,
            trail,
        }
    }

    /// Looks up `name` and whatever it leads to, up to a loop or the longest chain: then the answer so far stands.
    pub fn run(&mut self, name: &mut LookupName) {
        while self.trail.followed.enter(name.full_hash()) {
            match self.look_up(name) {
                Next::Done => return,
                Next::Follow(target) => name.set(target.as_name()),
            }
        }
        if self.flattening.is_some() {
            self.verdict.rcode = Rcode::SERVFAIL;
        }
    }

    pub fn finish(mut self, proof: Proof) -> Reply {
        let rcode = self.verdict.rcode.0;
        if let (Rcode::NXDOMAIN, Some(ExtendedError::StaleAnswer)) =
            (self.verdict.rcode, self.verdict.extended_error)
        {
            self.verdict.extended_error = Some(ExtendedError::StaleNxDomain);
        }
        Reply {
            length: self.writer.finish(self.verdict),
            tally: Tally {
                rcode,
                ..self.tally
            },
            subject: self.subject,
            proof,
            watched: self.watched,
        }
    }

    fn look_up(&mut self, name: &LookupName) -> Next {
        let Some(zone) = self.zone_of(name) else {
            return self.outside(name.as_name());
        };
        let found = zone.find(name, self.record_type);
        if self.is_first() {
            self.verdict.authoritative = self.can_be_authoritative;
            self.subject = subject(zone, name, &found);
        }
        match found {
            Found::Exact(node) => self.at_node(zone, name, node, StageOutcome::Static),
            Found::Wildcard(node) => self.at_node(zone, name, node, StageOutcome::Wildcard),
            Found::Referral(cut) => self.refer(zone, name.as_name(), cut),
            Found::Dname(owner) => self.substitute(zone, name.as_name(), owner),
            Found::NxDomain => self.deny(zone, name.as_name(), Rcode::NXDOMAIN),
        }
    }

    /// The deepest zone; but a DS at a zone's apex is asked of the zone above it (RFC 4035 section 3.1.4.1).
    fn zone_of(&self, name: &LookupName) -> Option<&'w Zone> {
        let zones = self.world.zones();
        let deepest = zones.deepest(name)?;
        if self.record_type != RecordType::DS || deepest.origin() != name.as_name() {
            return Some(deepest);
        }
        zones.deepest_above(name).or(Some(deepest))
    }

    /// A name that none of our zones speaks for.
    pub fn outside(&mut self, name: Name<'_>) -> Next {
        if self.flattening.is_some() {
            return self.answer_flattened(name);
        }
        self.saw(None, name, StageOutcome::Refused);
        if self.is_first() {
            self.verdict.rcode = Rcode::REFUSED;
            self.verdict.extended_error = Some(ExtendedError::NotAuthoritative);
        }
        Next::Done
    }

    pub fn is_first(&self) -> bool {
        self.trail.followed.is_first()
    }

    /// Puts a whole static set of `name`, which is being looked up, into the answer.
    pub fn answer_with(&mut self, name: Name<'_>, set: &RecordSet<'_>) -> Next {
        self.put_answer(name, set.record_type, set.ttl, set.rdatas())
    }

    /// Puts records of `name`, which is being looked up, into the answer, as the flattened owner's if there is one.
    pub fn put_answer<'r>(
        &mut self,
        name: Name<'_>,
        record_type: RecordType,
        ttl_s: u32,
        rdatas: impl Iterator<Item = &'r [u8]>,
    ) -> Next {
        let (owner, ttl_s) = match &self.flattening {
            Some(flattening) => (flattening.owner(), ttl_s.min(flattening.ttl_s)),
            None if self.trail.followed.is_first() => (Owner::Question, ttl_s),
            None => (Owner::Name(name), ttl_s),
        };
        let section = Section::Answer;
        let put = self.writer.put(section, owner, record_type, ttl_s, rdatas);
        self.verdict.truncated |= put.is_err();
        Next::Done
    }

    pub fn saw(&mut self, zone: Option<&Zone>, name: Name<'_>, outcome: StageOutcome) {
        self.observer
            .looked_up(zone.map(Zone::origin), name, outcome);
    }
}

/// Names that exist are a zone's own choice, and each has a rate of its own; those that do not are without end.
fn subject(zone: &Zone, name: &LookupName, found: &Found<'_>) -> Subject {
    match found {
        Found::Exact(_) => Subject::Name(name.full_hash()),
        Found::Wildcard(node) => {
            let encloser = node.name().label_count().saturating_sub(1);
            Subject::Name(name.hash_of(encloser))
        }
        _ => Subject::Zone(name.hash_of(zone.origin_labels())),
    }
}

impl Subnet {
    /// `None`: the client hides its subnet (E2).
    pub(super) fn of_option(option: &ClientSubnet) -> Option<Self> {
        Some(Self {
            address: option.address()?,
            prefix: option.source_prefix(),
        })
    }
}

/// The names that an answer has come by.
#[derive(Default)]
pub(super) struct Trail {
    followed: SeenNames,
    /// Owners of the DNAMEs in the answer: a chain can meet one again, but it is answered once.
    pub dnames: SeenNames,
    /// Names whose addresses are in the additional section, as far as they are known.
    pub brought_along: SeenNames,
}

impl Trail {
    pub fn clear(&mut self) {
        self.followed.count = 0;
        self.dnames.count = 0;
        self.brought_along.count = 0;
    }
}

/// Names by their hashes: a collision ends a chain early and does no other harm.
#[derive(Default)]
pub(super) struct SeenNames {
    hashes: [u64; LONGEST_CHAIN],
    count: usize,
}

impl SeenNames {
    /// Notes the name with `hash`; false if it was seen before, or if the chain is as long as it may get.
    pub fn enter(&mut self, hash: u64) -> bool {
        let seen = self.hashes.get(..self.count).unwrap_or(&self.hashes);
        if seen.contains(&hash) {
            return false;
        }
        let free = self.hashes.get_mut(self.count);
        self.count += 1;
        free.map(|slot| *slot = hash).is_some()
    }

    fn is_first(&self) -> bool {
        self.count == 1
    }
}
