//! Asks without a pause, over UDP and TCP, and checks every answer: what tests put a running edge under load with.
//!
//! `load ADDRESS NAME UDP_SOCKETS TCP_CONNECTIONS DIALLERS PATIENCE_MS` runs until its standard input ends, and then prints
//! what it found as JSON. Each socket keeps `WINDOW` queries in flight and asks the next one only when one is answered; a
//! dialler makes a connection for each query. Nothing is asked again: what is not answered within `PATIENCE_MS` after the
//! last answer is lost.
//!
//! The name has two addresses, 10.0.x.y and 10.1.x.y, and 256x + y is the generation that answers. An answer is wrong
//! unless it is that to the query, both addresses are of one generation, and no answer with a newer generation had
//! arrived before its query was sent.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use socket2::SockRef;

const WINDOW: usize = 32;
const HEADER: usize = 12;
/// Of the header's second word: QR, opcode, AA, TC and the response code.
const CHECKED_FLAGS: u16 = 0xFE0F;
const AUTHORITATIVE_ANSWER: u16 = 0x8400;

static STOPPING: AtomicBool = AtomicBool::new(false);
/// The newest generation of which an answer has arrived.
static NEWEST: AtomicU16 = AtomicU16::new(0);

struct Asked {
    id: u16,
    question: Vec<u8>,
    at: Instant,
    /// Older generations must not answer it.
    least: u16,
}

/// What one socket asked and was told.
#[derive(Default)]
struct Ledger {
    name: String,
    in_flight: Vec<Option<Asked>>,
    asked: u64,
    answered: u64,
    wrong: Vec<String>,
    slowest: Duration,
}

impl Ledger {
    fn new(name: &str) -> Self {
        let in_flight = (0..WINDOW).map(|_| None).collect();
        Self {
            name: name.to_owned(),
            in_flight,
            ..Self::default()
        }
    }

    /// The next query of that place in the window. Its case is of its own (RFC 4343), so that answers differ.
    fn query(&mut self, place: usize) -> Vec<u8> {
        self.asked += 1;
        let id = ((self.asked as usize * WINDOW + place) & 0xFFFF) as u16;
        let question = question(&self.name, self.asked);
        let mut query = vec![0; HEADER];
        query[..2].copy_from_slice(&id.to_be_bytes());
        query[5] = 1;
        query.extend_from_slice(&question);
        self.in_flight[place] = Some(Asked {
            id,
            question,
            at: Instant::now(),
            least: NEWEST.load(Ordering::SeqCst),
        });
        query
    }

    /// The place that the reply makes free.
    fn take(&mut self, reply: &[u8]) -> Option<usize> {
        let id = u16::from_be_bytes([reply[0], reply[1]]);
        let place = usize::from(id) % WINDOW;
        let asked = self.in_flight[place].take_if(|asked| asked.id == id);
        let Some(asked) = asked else {
            self.wrong.push(format!("nobody asked {id}"));
            return None;
        };
        self.answered += 1;
        self.slowest = self.slowest.max(asked.at.elapsed());
        match generation(reply, &asked.question) {
            Some(generation) if generation >= asked.least => {
                NEWEST.fetch_max(generation, Ordering::SeqCst);
            }
            found => self.wrong.push(format!(
                "generation {found:?} after {}: {reply:02x?}",
                asked.least
            )),
        }
        Some(place)
    }

    fn waits(&self) -> bool {
        self.in_flight.iter().any(Option::is_some)
    }
}

fn question(name: &str, number: u64) -> Vec<u8> {
    let mut question = Vec::new();
    for label in name.trim_end_matches('.').split('.') {
        question.push(label.len() as u8);
        let letters = label.bytes().enumerate();
        question.extend(letters.map(|(at, letter)| match number >> (at % 16) & 1 {
            0 => letter,
            _ => letter.to_ascii_uppercase(),
        }));
    }
    question.extend_from_slice(&[0, 0, 1, 0, 1]);
    question
}

/// `None`: not an answer to that question by one generation.
fn generation(reply: &[u8], question: &[u8]) -> Option<u16> {
    let word = |at: usize| Some(u16::from_be_bytes([*reply.get(at)?, *reply.get(at + 1)?]));
    let answers = HEADER + question.len();
    let is_sound = word(2)? & CHECKED_FLAGS == AUTHORITATIVE_ANSWER
        && (word(4)?, word(6)?) == (1, 2)
        && reply.get(HEADER..answers)? == question;
    if !is_sound {
        return None;
    }
    // Owner as a pointer, type, class, TTL, length and address: 16 octets.
    let [first, second] = [answers, answers + 16].map(|at| Some((word(at + 12)?, word(at + 14)?)));
    let ((network, generation), (other_network, other)) = (first?, second?);
    let networks = network.min(other_network)..=network.max(other_network);
    (networks == (0x0A00..=0x0A01) && generation == other).then_some(generation)
}

/// Sends what `window` asks and takes what comes until the end: then until all is answered, or too late.
fn run(
    name: &str,
    mut send: impl FnMut(&[u8]) -> io::Result<()>,
    mut receive: impl FnMut() -> io::Result<Vec<u8>>,
) -> Ledger {
    let mut ledger = Ledger::new(name);
    let mut exchange = || -> io::Result<()> {
        for place in 0..WINDOW {
            send(&ledger.query(place))?;
        }
        while ledger.waits() {
            let reply = receive()?;
            if let Some(place) = ledger.take(&reply)
                && !STOPPING.load(Ordering::Relaxed)
            {
                send(&ledger.query(place))?;
            }
        }
        Ok(())
    };
    if let Err(error) = exchange() {
        eprintln!("load: {error}");
    }
    ledger
}

fn over_udp(address: SocketAddr, name: &str, patience: Duration) -> Ledger {
    let socket = UdpSocket::bind((address.ip().to_string(), 0)).unwrap();
    socket.connect(address).unwrap();
    socket.set_read_timeout(Some(patience)).unwrap();
    let mut octets = [0; 4096];
    run(
        name,
        |query| socket.send(query).map(|_| ()),
        || {
            let length = socket.recv(&mut octets)?;
            Ok(octets[..length].to_vec())
        },
    )
}

fn over_tcp(address: SocketAddr, name: &str, patience: Duration) -> Ledger {
    let stream = connected(address, patience).unwrap();
    run(
        name,
        |query| write_frame(&stream, query),
        || read_frame(&stream),
    )
}

fn dialling(address: SocketAddr, name: &str, patience: Duration) -> Ledger {
    let mut ledger = Ledger::new(name);
    let mut exchange = || -> io::Result<()> {
        while !STOPPING.load(Ordering::Relaxed) {
            let query = ledger.query(0);
            let stream = connected(address, patience)?;
            write_frame(&stream, &query)?;
            ledger.take(&read_frame(&stream)?);
            // Or the ports would soon all be waiting for stragglers.
            SockRef::from(&stream).set_linger(Some(Duration::ZERO))?;
        }
        Ok(())
    };
    if let Err(error) = exchange() {
        eprintln!("load: {error}");
    }
    ledger
}

fn connected(address: SocketAddr, patience: Duration) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(patience))?;
    Ok(stream)
}

fn write_frame(mut stream: &TcpStream, query: &[u8]) -> io::Result<()> {
    stream.write_all(&[&(query.len() as u16).to_be_bytes(), query].concat())
}

fn read_frame(mut stream: &TcpStream) -> io::Result<Vec<u8>> {
    let mut length = [0; 2];
    stream.read_exact(&mut length)?;
    let mut reply = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut reply)?;
    Ok(reply)
}

fn main() {
    let arguments: Vec<_> = std::env::args().collect();
    let [_, address, name, numbers @ ..] = &arguments[..] else {
        return eprintln!(
            "usage: load ADDRESS NAME UDP_SOCKETS TCP_CONNECTIONS DIALLERS PATIENCE_MS"
        );
    };
    let address: SocketAddr = address.parse().unwrap();
    let numbers: Vec<usize> = numbers.iter().map(|text| text.parse().unwrap()).collect();
    let patience = Duration::from_millis(numbers[3] as u64);
    let started = Instant::now();
    let ledgers: Vec<_> = thread::scope(|scope| {
        let kinds = [over_udp, over_tcp, dialling].into_iter().zip(&numbers);
        let askers = kinds.flat_map(|(ask, count)| (0..*count).map(move |_| ask));
        let threads: Vec<_> = askers
            .map(|ask| scope.spawn(move || ask(address, name, patience)))
            .collect();
        io::stdin().read_to_end(&mut Vec::new()).unwrap();
        STOPPING.store(true, Ordering::Relaxed);
        let ended = threads.into_iter().map(|thread| thread.join().unwrap());
        ended.collect()
    });
    report(&ledgers, started.elapsed());
}

fn report(ledgers: &[Ledger], elapsed: Duration) {
    let asked: u64 = ledgers.iter().map(|ledger| ledger.asked).sum();
    let answered: u64 = ledgers.iter().map(|ledger| ledger.answered).sum();
    let wrong: Vec<_> = ledgers.iter().flat_map(|ledger| &ledger.wrong).collect();
    let slowest = ledgers.iter().map(|ledger| ledger.slowest).max();
    if let Some(first) = wrong.first() {
        eprintln!("load: {first}");
    }
    println!(
        r#"{{"asked": {asked}, "answered": {answered}, "wrong": {}, "newest": {}, "per_s": {:.0}, "slowest_ms": {:.1}}}"#,
        wrong.len(),
        NEWEST.load(Ordering::SeqCst),
        answered as f64 / elapsed.as_secs_f64(),
        slowest.unwrap_or_default().as_secs_f64() * 1e3,
    );
}
