//! What policies decided for clients that they treat alike, remembered so that it is decided once.
//!
//! ```text
//! policy, family ─► steps that see no client ─► a step that sees where the client is
//!                                                  │ class: what it sees, as a number
//!                                                  ├─ 17 ─► steps that see no client ─► … ─► lots
//!                                                  └─ 31 ─► …                             ─► lots
//! ```
//!
//! A node is what the steps themselves made of the first client that came by: the tree holds no rule of its own. All it
//! asks of a step is `class`: clients of one class are to get the same candidates. It grows as clients come, is bounded,
//! and starts again when health or policies change. Clients whose place alone decides find a shortcut from the second on.

use std::sync::Arc;

use super::candidates::{Candidates, MemberIndex, MemberSet};
use super::client::ClientView;
use super::draw::DrawKind;
use super::lots::{Lots, Stakes};
use super::policy::{EndpointIndex, Policy, PolicyIndex};
use super::run::{Flow, Question, Run};
use super::select::Serving;
use super::shortcuts::{Key, Shortcuts};
use super::steps::{Role, Sees, Step};

/// A full tree starts again. A million nodes, candidates, stakes, sites and children together, of some tens of octets each:
/// how many nodes there are is up to clients, and how large they are to policies.
const MOST_PARTS: usize = 1 << 20;

#[derive(Debug)]
pub(crate) struct DecisionTree {
    /// Which health, and so which policies, the nodes were grown under.
    epoch: Option<Arc<()>>,
    /// By policy and family.
    roots: Vec<Option<NodeNumber>>,
    nodes: Vec<Node>,
    stakes: Stakes,
    /// Of all nodes, but for the stakes.
    parts: usize,
    shortcuts: Shortcuts,
}

type NodeNumber = u32;

#[derive(Debug)]
enum Node {
    Looks(Look),
    /// One of these gets whoever comes here.
    Ends(Lots),
    /// The steps from this one on run for each client.
    Goes {
        on_at: usize,
        candidates: Kept,
        serving: Serving,
    },
    /// The tree knows no more.
    Unknown,
}

/// A step that sees where the client is, before the candidates that come to it.
#[derive(Debug)]
struct Look {
    step: usize,
    /// Whether it looks no further than to the client's place.
    by_place: bool,
    candidates: Kept,
    serving: Serving,
    sight: Sight,
    /// Sorted by class.
    children: Vec<(u64, NodeNumber)>,
}

/// Candidates with their tiers.
type Kept = Box<[(MemberIndex, u16)]>;

/// What a step prepares of the candidates before it, to tell classes of clients quickly.
#[derive(Debug)]
pub(super) struct Sight {
    pub members: MemberSet,
    pub count: usize,
    /// For `distance`: where candidates of the best tier are.
    pub sites: Box<[super::steps::Site]>,
    /// For `latency`: the regions of candidates of the best tier.
    pub seats: Box<[super::steps::Seat]>,
}

/// What the tree found.
pub(super) enum Decision {
    Chosen(Option<EndpointIndex>),
    /// The run holds the candidates; the steps from here on are still to be run.
    Continue {
        step: usize,
        serving: Serving,
    },
}

impl DecisionTree {
    pub(crate) const fn new() -> Self {
        Self {
            epoch: None,
            roots: Vec::new(),
            nodes: Vec::new(),
            stakes: Stakes::new(),
            parts: 0,
            shortcuts: Shortcuts::new(),
        }
    }

    /// What was decided for clients whose place alone decides; the tree must be of the present.
    #[inline]
    pub(super) fn shortcut(&self, key: Option<Key>) -> Option<Lots> {
        self.shortcuts.get(key?)
    }

    /// Who of `lots` gets the client of `question`.
    #[inline]
    pub(super) fn winner(
        &self,
        lots: Lots,
        question: &Question<'_>,
        (policy, client): (&Policy, &ClientView),
    ) -> Option<EndpointIndex> {
        self.stakes
            .winner(lots, |kind| question.seed(policy, client, kind))
    }

    /// What `policy`, which `run` is a run of, decides for its client, who will find a shortcut under `key`; `None`: it
    /// has to be run from its start. The tree must be of the present.
    pub(super) fn decide(
        &mut self,
        run: &mut Run<'_>,
        policy: PolicyIndex,
        key: Option<Key>,
    ) -> Option<Decision> {
        let mut number = self.root(run, policy)?;
        let mut by_place = true;
        loop {
            match self.nodes.get(number as usize)? {
                Node::Ends(lots) => {
                    let mut lots = *lots;
                    lots.is_located = run.is_located;
                    if let (true, Some(key)) = (by_place, key) {
                        self.shortcuts.add(key, lots);
                    }
                    if lots.kind.is_some() {
                        run.drawn();
                    }
                    let endpoint = self.winner(lots, &run.question, (run.policy, &run.client));
                    return Some(Decision::Chosen(endpoint));
                }
                Node::Looks(look) => {
                    by_place &= look.by_place;
                    let class = run.policy.steps.get(look.step)?.class(run, &look.sight)?;
                    let children = look.children.binary_search_by_key(&class, |child| child.0);
                    number = match children {
                        Ok(at) => look.children.get(at)?.1,
                        Err(at) => self.grow(run, number, class, at)?,
                    };
                }
                Node::Goes {
                    on_at,
                    candidates,
                    serving,
                } => {
                    run.candidates.restore(candidates);
                    return Some(Decision::Continue {
                        step: *on_at,
                        serving: *serving,
                    });
                }
                Node::Unknown => return None,
            }
        }
    }

    /// Forgets what was decided under another health or other policies.
    #[inline]
    pub(super) fn renew(&mut self, epoch: &Arc<()>) {
        let is_current = self
            .epoch
            .as_ref()
            .is_some_and(|own| Arc::ptr_eq(own, epoch));
        if !is_current || self.parts + self.stakes.len() >= MOST_PARTS {
            self.clear();
            self.epoch = Some(epoch.clone());
        }
    }

    #[cold]
    fn clear(&mut self) {
        self.roots.clear();
        self.nodes.clear();
        self.stakes.clear();
        self.shortcuts.clear();
        self.parts = 0;
    }

    fn root(&mut self, run: &mut Run<'_>, policy: PolicyIndex) -> Option<NodeNumber> {
        let place = 2 * policy.0 as usize + usize::from(run.question.family.number() == 6);
        if let Some(Some(root)) = self.roots.get(place) {
            return Some(*root);
        }
        let candidates = run.question.starters(run.policy);
        run.candidates.reset(candidates);
        let node = match run.candidates.is_empty() {
            true => Node::Ends(Lots::NOBODY),
            false => settled(run, 0, Serving::Regular, &mut self.stakes),
        };
        let number = self.add(node);
        if self.roots.len() <= place {
            self.roots.resize(place + 1, None);
        }
        *self.roots.get_mut(place)? = Some(number);
        Some(number)
    }

    /// Lets the step of the node `parent` act for this client, and remembers it for its class.
    fn grow(
        &mut self,
        run: &mut Run<'_>,
        parent: NodeNumber,
        class: u64,
        at: usize,
    ) -> Option<NodeNumber> {
        let Node::Looks(look) = self.nodes.get(parent as usize)? else {
            return None;
        };
        let (at_step, serving) = (look.step, look.serving);
        run.candidates.restore(&look.candidates);
        let step = run.policy.steps.get(at_step)?;
        let flow = step.apply(run);
        if step.role() == Role::Sorts {
            // What is behind the best tier differs within a class, and no later step looks at it.
            run.candidates.keep_best_tier();
        }
        let node = match flow {
            Flow::Continue | Flow::Bypassed(_) => {
                settled(run, at_step + 1, serving, &mut self.stakes)
            }
            Flow::FallbackPool { .. } => {
                settled(run, at_step + 1, Serving::FallbackPool, &mut self.stakes)
            }
            Flow::FallbackPolicy(_) | Flow::Used(_) | Flow::Refused => Node::Unknown,
        };
        let number = self.add(node);
        if let Node::Looks(look) = self.nodes.get_mut(parent as usize)? {
            look.children.insert(at, (class, number));
            self.parts += 1;
        }
        Some(number)
    }

    fn add(&mut self, node: Node) -> NodeNumber {
        self.parts += node.parts();
        self.nodes.push(node);
        (self.nodes.len() - 1) as NodeNumber
    }
}

impl Node {
    fn parts(&self) -> usize {
        1 + match self {
            Self::Looks(look) => {
                look.candidates.len() + look.sight.sites.len() + look.sight.seats.len()
            }
            Self::Goes { candidates, .. } => candidates.len(),
            Self::Ends(_) | Self::Unknown => 0,
        }
    }
}

/// Runs the steps from `from` on until one sees the client.
fn settled(run: &mut Run<'_>, from: usize, mut serving: Serving, stakes: &mut Stakes) -> Node {
    for (at, step) in run.policy.steps.iter().enumerate().skip(from) {
        if serving.skips(step.role()) {
            continue;
        }
        let rest = run.policy.steps.get(at + 1..).unwrap_or(&[]);
        match step.sees() {
            Sees::Views if run.has_split() => return goes(run, at, serving),
            Sees::Nobody | Sees::Views => match step.apply(run) {
                Flow::Continue | Flow::Bypassed(_) => {}
                Flow::FallbackPool { .. } => serving = Serving::FallbackPool,
                Flow::FallbackPolicy(_) | Flow::Used(_) | Flow::Refused => return Node::Unknown,
            },
            // Whatever the time, for whomever: nobody has said anything.
            Sees::Load if !reports_load(run) => {}
            Sees::Name | Sees::Load => return goes(run, at, serving),
            Sees::Place | Sees::Address => return looks(run, step, (at, serving), rest),
            Sees::Prefix(kind) => match run.candidates.best_tier_len() {
                0 | 1 => {}
                _ if answers_one(run, rest) && rest.iter().all(Step::is_first) => {
                    return Node::Ends(drawn(run, step, kind, stakes));
                }
                _ => return goes(run, at, serving),
            },
        }
    }
    match run.policy.says_first && run.candidates.len() > 1 {
        true => goes(run, run.policy.steps.len(), serving),
        false => {
            let best = run.candidates.as_slice().first();
            Node::Ends(stakes.certain(best.map(|best| run.endpoint_index(best.member))))
        }
    }
}

fn looks(run: &Run<'_>, step: &Step, (at, serving): (usize, Serving), rest: &[Step]) -> Node {
    // One that sorts is told apart by its best tier alone: nothing that is left may look further. Exploring does, but whom
    // it draws runs the whole chain if it comes next; behind a step that runs for each client it would find nobody.
    let only_best_counts = answers_one(run, rest)
        && rest.iter().all(|step| step.role() == Role::Sorts)
        && !rest.iter().skip(1).any(Step::is_explore);
    if step.role() == Role::Sorts && !only_best_counts {
        return goes(run, at, serving);
    }
    // A draw orders the best tier anew.
    let order_counts = !matches!(rest.first().map(Step::sees), Some(Sees::Prefix(_)));
    match step.sight(run, order_counts) {
        None => goes(run, at, serving),
        Some(sight) => Node::Looks(Look {
            step: at,
            by_place: step.sees() == Sees::Place,
            candidates: run.candidates.kept(),
            serving,
            sight,
            children: Vec::new(),
        }),
    }
}

/// Whether the best candidate alone is answered after the steps in `rest`.
fn answers_one(run: &Run<'_>, rest: &[Step]) -> bool {
    !run.policy.says_first || rest.iter().any(Step::is_first_one)
}

fn reports_load(run: &Run<'_>) -> bool {
    let mut candidates = run.candidates.as_slice().iter();
    candidates.any(|candidate| run.load_report(candidate.member).is_some())
}

fn drawn(run: &Run<'_>, step: &Step, kind: DrawKind, stakes: &mut Stakes) -> Lots {
    let best = run.candidates.as_slice().iter();
    let best = best.take(run.candidates.best_tier_len());
    let members = best.filter_map(|candidate| {
        let stake = step.stake(candidate.member)?;
        Some((stake, run.endpoint_index(candidate.member)))
    });
    stakes.drawn(kind, members)
}

fn goes(run: &Run<'_>, on_at: usize, serving: Serving) -> Node {
    Node::Goes {
        on_at,
        candidates: run.candidates.kept(),
        serving,
    }
}

impl Sight {
    /// Of a step that only needs to know who is there.
    pub(super) fn of(candidates: &Candidates) -> Self {
        Self {
            members: candidates.members(),
            count: candidates.len(),
            sites: Box::default(),
            seats: Box::default(),
        }
    }
}
