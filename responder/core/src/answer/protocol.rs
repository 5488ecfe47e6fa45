//! What a query's options ask of the server itself, before any name is looked up.

use super::{Request, Transport};
use crate::wire::cookie::ReplyCookie;
use crate::wire::edns::{Extras, Keepalive};
use crate::wire::extended_error::ExtendedError;
use crate::wire::writer::Verdict;
use crate::wire::{Edns, Query, Rcode};

/// RFC 7828 section 3.2.1: "Clients MUST specify an OPTION-LENGTH of 0 and omit the TIMEOUT value."
///
/// Over UDP the option is ignored, whatever it says.
pub(super) fn is_misused(edns: &Edns, transport: Transport) -> bool {
    edns.keepalive == Some(Keepalive::Misused) && transport == Transport::Tcp
}

/// The options that the reply to a query with `edns` carries beside its client subnet.
pub(super) fn extras<'s>(edns: &Edns, request: &Request<'s>) -> Extras<'s> {
    let settings = request.settings;
    let over_tcp = request.transport == Transport::Tcp;
    let keepalive = edns.keepalive.filter(|_| over_tcp);
    Extras {
        cookie: reply_cookie(edns, request),
        nsid: if edns.wants_nsid { &settings.nsid } else { &[] },
        keepalive: keepalive.map(|_| settings.tcp_idle_timeout),
        // RFC 7830 section 6: over UDP it would hide nothing, and amplify.
        is_padded: edns.is_padded && over_tcp,
    }
}

fn reply_cookie(edns: &Edns, request: &Request<'_>) -> Option<ReplyCookie> {
    let cookie = edns.cookie.as_ref()?;
    let secrets = request.settings.cookie_secrets.as_ref()?;
    Some(secrets.reply_to(cookie, request.source, request.now_s))
}

/// Why `query` is not looked up, if it was `refused` when it was read.
pub(super) fn refusal(refused: Option<Rcode>, query: &Query, extras: &Extras<'_>) -> Option<Rcode> {
    match (refused, &extras.cookie) {
        (Some(Rcode::FORMERR), Some(cookie)) if !query.has_question() => Some(match cookie {
            // RFC 7873 section 5.4: a query without a question asks for a server cookie, or whether its own is right.
            cookie if cookie.is_proven || !query.claims_server_cookie() => Rcode::NOERROR,
            _ => Rcode::BADCOOKIE,
        }),
        _ => refused,
    }
}

pub(super) fn verdict(rcode: Rcode) -> Verdict {
    let is_unsupported = matches!(rcode, Rcode::NOTIMP | Rcode::REFUSED);
    Verdict {
        extended_error: is_unsupported.then_some(ExtendedError::NotSupported),
        ..Verdict::of(rcode)
    }
}
