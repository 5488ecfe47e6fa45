//! DNS cookies (RFC 7873) that every server with the same secret can make and check (RFC 9018).
//!
//! ```text
//! client cookie (8) | version 1 | reserved (3) | timestamp (4) | SipHash-2-4 of all before and the client's address (8)
//!                   └──────────────────────────── server cookie ─────────────────────────────────────────────────────┘
//! ```

use std::hash::Hasher;
use std::net::IpAddr;

use siphasher::sip::SipHasher24;

const CLIENT_LEN: usize = 8;
const SERVER_LEN: usize = 16;
/// RFC 7873 section 4: a server cookie has 8 to 32 octets.
const SERVER_LENS: std::ops::RangeInclusive<usize> = 8..=32;
const VERSION: u8 = 1;
/// Where the hash stands in a server cookie.
const HASH_AT: usize = 8;

/// RFC 9018 section 4.3: "not more than 1 hour in the past".
const OLDEST_S: i32 = 3600;
/// RFC 9018 section 4.3: "not more than 5 minutes into the future".
const FURTHEST_AHEAD_S: i32 = 300;
/// RFC 9018 section 4.3: "SHOULD generate a new Server Cookie … if … more than half an hour old".
const RENEWED_AFTER_S: i32 = 1800;

/// The option of a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cookie {
    client: [u8; CLIENT_LEN],
    server: Claim,
}

/// What a client says that it has been given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Claim {
    Nothing,
    /// Of no make that we know: certainly not by us.
    Foreign,
    Ours([u8; SERVER_LEN]),
}

/// RFC 7873 section 5.2.2: an option of such a length makes the query a FORMERR.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MalformedCookie;

impl Cookie {
    pub fn parse(data: &[u8]) -> Result<Self, MalformedCookie> {
        let (client, server) = data.split_first_chunk().ok_or(MalformedCookie)?;
        let server = match (server.len(), <[u8; SERVER_LEN]>::try_from(server)) {
            (0, _) => Claim::Nothing,
            (_, Ok(server)) if server.first() == Some(&VERSION) => Claim::Ours(server),
            (length, _) if SERVER_LENS.contains(&length) => Claim::Foreign,
            _ => return Err(MalformedCookie),
        };
        Ok(Self {
            client: *client,
            server,
        })
    }

    pub fn has_server_part(&self) -> bool {
        self.server != Claim::Nothing
    }
}

/// The option of a reply, and what it says about the query's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReplyCookie {
    client: [u8; CLIENT_LEN],
    server: [u8; SERVER_LEN],
    /// Whether the query proved that its sender receives at its address.
    pub is_proven: bool,
}

impl ReplyCookie {
    pub const LEN: usize = CLIENT_LEN + SERVER_LEN;

    /// The option's data, client cookie and server cookie.
    pub fn parts(&self) -> [&[u8]; 2] {
        [&self.client, &self.server]
    }
}

/// What server cookies are signed with: the same on every edge that answers under one address.
///
/// RFC 9018 section 5: a new secret is first added everywhere behind the present one, then moved to the front, and the
/// old one removed when its cookies have expired.
#[derive(Debug, Clone)]
pub struct Secrets {
    signing: SipHasher24,
    retired: Box<[SipHasher24]>,
}

impl Secrets {
    /// The first signs, all of them verify; `None`: there is none.
    pub fn new(secrets: &[[u8; 16]]) -> Option<Self> {
        let (signing, retired) = secrets.split_first()?;
        Some(Self {
            signing: SipHasher24::new_with_key(signing),
            retired: retired.iter().map(SipHasher24::new_with_key).collect(),
        })
    }

    /// The cookie for the reply to a query with `cookie`, from `client` at `now_s` seconds since 1970.
    pub fn reply_to(&self, cookie: &Cookie, client: IpAddr, now_s: u64) -> ReplyCookie {
        let now_s = now_s as u32;
        let signed = |server| ReplyCookie {
            client: cookie.client,
            server,
            is_proven: false,
        };
        let Claim::Ours(server) = cookie.server else {
            return signed(self.sign(&cookie.client, client, now_s));
        };
        // RFC 1982: timestamps wrap around.
        let age_s = now_s.wrapping_sub(timestamp_s(&server)) as i32;
        let is_timely = (-FURTHEST_AHEAD_S..=OLDEST_S).contains(&age_s);
        let is_by = |hasher: &SipHasher24| {
            hash(*hasher, &cookie.client, &server, client).to_le_bytes() == hash_of(&server)
        };
        let is_current = is_timely && is_by(&self.signing);
        let is_proven = is_current || is_timely && self.retired.iter().any(is_by);
        let server = match is_current && age_s <= RENEWED_AFTER_S {
            true => server,
            false => self.sign(&cookie.client, client, now_s),
        };
        ReplyCookie {
            is_proven,
            ..signed(server)
        }
    }

    fn sign(&self, client_cookie: &[u8], client: IpAddr, now_s: u32) -> [u8; SERVER_LEN] {
        let [a, b, c, d] = now_s.to_be_bytes();
        let unsigned = [VERSION, 0, 0, 0, a, b, c, d, 0, 0, 0, 0, 0, 0, 0, 0];
        let hash = hash(self.signing, client_cookie, &unsigned, client);
        let mut server = unsigned;
        for (to, from) in server.iter_mut().skip(HASH_AT).zip(hash.to_le_bytes()) {
            *to = from;
        }
        server
    }
}

/// RFC 9018 section 4.4; what `server` has behind its timestamp does not matter.
fn hash(
    mut hasher: SipHasher24,
    client_cookie: &[u8],
    server: &[u8; SERVER_LEN],
    client: IpAddr,
) -> u64 {
    hasher.write(client_cookie);
    hasher.write(server.first_chunk::<HASH_AT>().map_or(&[], |it| it));
    // A dual-stack socket sees IPv4 clients as mapped addresses, another edge may not.
    match client.to_canonical() {
        IpAddr::V4(address) => hasher.write(&address.octets()),
        IpAddr::V6(address) => hasher.write(&address.octets()),
    }
    hasher.finish()
}

fn hash_of(server: &[u8; SERVER_LEN]) -> [u8; SERVER_LEN - HASH_AT] {
    let [.., a, b, c, d, e, f, g, h] = *server;
    [a, b, c, d, e, f, g, h]
}

fn timestamp_s(server: &[u8; SERVER_LEN]) -> u32 {
    let [_, _, _, _, a, b, c, d, ..] = *server;
    u32::from_be_bytes([a, b, c, d])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use super::*;

    /// The secret of RFC 9018 appendix A, and those of its A.4.
    const SECRET: &str = "e5e973e5a6b2a43f48e7dc849e37bfcf";
    const ROLLED_OVER: [&str; 2] = [
        "445536bcd2513298075a5d379663c962",
        "dd3bdf9344b678b185a6f5cb60fca715",
    ];

    fn octets(hex: &str) -> Vec<u8> {
        let digits = hex.as_bytes().chunks(2);
        let pairs = digits.map(|pair| std::str::from_utf8(pair).unwrap());
        pairs
            .map(|pair| u8::from_str_radix(pair, 16).unwrap())
            .collect()
    }

    fn secrets(hex: &[&str]) -> Secrets {
        let secrets: Vec<[u8; 16]> = hex
            .iter()
            .map(|it| octets(it).try_into().unwrap())
            .collect();
        Secrets::new(&secrets).unwrap()
    }

    fn reply(secrets: &Secrets, query: &str, client: &str, now_s: u64) -> (String, bool) {
        let cookie = Cookie::parse(&octets(query)).unwrap();
        let reply = secrets.reply_to(&cookie, client.parse().unwrap(), now_s);
        let octets = reply.parts().concat();
        let hex = octets.iter().map(|octet| format!("{octet:02x}")).collect();
        (hex, reply.is_proven)
    }

    #[test]
    fn a_1_a_client_learns_a_server_cookie() {
        let reply = reply(
            &secrets(&[SECRET]),
            "2464c4abcf10c957",
            "198.51.100.100",
            1_559_731_985,
        );
        let expected = "2464c4abcf10c957010000005cf79f111f8130c3eee29480";
        assert_eq!(reply, (expected.to_owned(), false));
    }

    #[test]
    fn a_2_an_old_server_cookie_is_renewed() {
        let query = "2464c4abcf10c957010000005cf79f111f8130c3eee29480";
        let reply = reply(&secrets(&[SECRET]), query, "198.51.100.100", 1_559_734_385);
        let expected = "2464c4abcf10c957010000005cf7a871d4a564a1442aca77";
        assert_eq!(reply, (expected.to_owned(), true));
    }

    /// The example's own reply comes after the hour in which such a cookie holds.
    #[test]
    fn a_3_reserved_octets_are_signed_and_otherwise_ignored() {
        let query = "fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5";
        let (secrets, client) = (secrets(&[SECRET]), "203.0.113.203");
        assert!(reply(&secrets, query, client, 1_559_728_500).1);
        let expected = "fc93fc62807ddb86010000005cf7a9acf73a7810aca2381e";
        assert_eq!(
            reply(&secrets, query, client, 1_559_734_700),
            (expected.to_owned(), false)
        );
    }

    #[test]
    fn a_4_a_cookie_of_the_retired_secret_is_renewed_under_the_new_one() {
        let query = "22681ab97d52c298010000005cf7c57926556bd0934c72f8";
        let client = "2001:db8:220:1:59de:d0f4:8769:82b8";
        let reply = reply(&secrets(&ROLLED_OVER), query, client, 1_559_741_961);
        let expected = "22681ab97d52c298010000005cf7c609a6bb79d16625507a";
        assert_eq!(reply, (expected.to_owned(), true));
    }

    #[test]
    fn a_fresh_cookie_is_kept() {
        let query = "2464c4abcf10c957010000005cf79f111f8130c3eee29480";
        for age_s in [0, 1800] {
            let now_s = 1_559_731_985 + age_s;
            let reply = reply(&secrets(&[SECRET]), query, "198.51.100.100", now_s);
            assert_eq!(reply, (query.to_owned(), true));
        }
    }

    #[test]
    fn a_cookie_holds_for_an_hour_its_client_and_its_secret_alone() {
        let query = "2464c4abcf10c957010000005cf79f111f8130c3eee29480";
        let is_proven =
            |secret: &str, client: &str, now_s| reply(&secrets(&[secret]), query, client, now_s).1;
        assert!(is_proven(SECRET, "198.51.100.100", 1_559_731_985 + 3600));
        assert!(!is_proven(SECRET, "198.51.100.100", 1_559_731_985 + 3601));
        assert!(is_proven(SECRET, "198.51.100.100", 1_559_731_985 - 300));
        assert!(!is_proven(SECRET, "198.51.100.100", 1_559_731_985 - 301));
        assert!(!is_proven(SECRET, "198.51.100.101", 1_559_731_985));
        assert!(!is_proven(ROLLED_OVER[0], "198.51.100.100", 1_559_731_985));
        assert!(is_proven(SECRET, "::ffff:198.51.100.100", 1_559_731_985));
    }

    #[test]
    fn only_the_lengths_of_the_rfc_are_cookies() {
        for length in 0..50 {
            let is_cookie = matches!(length, 8 | 16..=40);
            let parsed = Cookie::parse(&vec![1; length]);
            assert_eq!(parsed.is_ok(), is_cookie, "{length} octets");
        }
    }

    #[test]
    fn a_cookie_of_another_make_proves_nothing() {
        let secrets = secrets(&[SECRET]);
        for length in [8, 15, 16, 17, 32] {
            let query = [vec![7; CLIENT_LEN], vec![2; length]].concat();
            let cookie = Cookie::parse(&query).unwrap();
            let reply = secrets.reply_to(&cookie, [192, 0, 2, 1].into(), 0);
            assert!(cookie.has_server_part() && !reply.is_proven);
        }
    }
}
