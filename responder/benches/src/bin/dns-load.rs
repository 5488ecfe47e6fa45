//! Asks a DNS server, or an echo, as fast as it answers or at a given rate; prints one line of JSON.
//!
//! `dns-load` without arguments lists its options; docs/performance.md says what the fields mean.

use std::collections::HashMap;
use std::error::Error;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use responder_bench::cores;
use responder_bench::load::{Load, Pace, Settings};
use responder_bench::queries::{Judge, Queries};

const USAGE: &str = "usage: dns-load server=ADDRESS:PORT pids=PID,… queries=FILE [OPTION=VALUE …]
    window=128      queries under way (closed loop)
    rate=0          queries per second (open loop); 0: closed loop
    ports=16        source ports
    sources=4096    source addresses, each in a /24 of its own in 127.0.0.0/8
    warmup=0.3      seconds before anything is counted
    seconds=2       seconds that are counted
    count=0         most replies that are counted; 0: as many as come
    judge=dns       dns: check id, code, question and answer; echo: expect the query itself
or:    dns-load ping=CORE,CORE";

type Outcome<T> = Result<T, Box<dyn Error>>;

struct Options(HashMap<String, String>);

impl Options {
    fn read() -> Outcome<Self> {
        let pairs = std::env::args().skip(1).map(|argument| {
            let (name, value) = argument.split_once('=').ok_or(USAGE)?;
            Ok((name.to_owned(), value.to_owned()))
        });
        Ok(Self(pairs.collect::<Outcome<_>>()?))
    }

    fn get<T: FromStr>(&self, name: &str, default: &str) -> Outcome<T> {
        let value = self.0.get(name).map_or(default, String::as_str);
        value
            .parse()
            .map_err(|_| format!("{name}={value:?} will not do\n{USAGE}").into())
    }

    fn pids(&self) -> Outcome<Vec<u32>> {
        let listed: String = self.get("pids", "")?;
        let pids = listed.split(',').map(str::parse);
        pids.collect::<Result<_, _>>()
            .map_err(|_| format!("pids={listed:?} will not do\n{USAGE}").into())
    }

    fn settings(&self) -> Outcome<Settings> {
        let rate: f64 = self.get("rate", "0")?;
        let window = self.get("window", "128")?;
        let count = self.get("count", "0")?;
        Ok(Settings {
            server: self.get("server", "")?,
            pids: self.pids()?,
            judge: match self.get::<String>("judge", "dns")?.as_str() {
                "echo" => Judge::Echo,
                _ => Judge::Dns,
            },
            pace: match rate > 0.0 {
                true => Pace::Open { rate },
                false => Pace::Closed { window },
            },
            ports: self.get("ports", "16")?,
            sources: self.get("sources", "4096")?,
            warmup: Duration::try_from_secs_f64(self.get("warmup", "0.3")?)?,
            duration: Duration::try_from_secs_f64(self.get("seconds", "2")?)?,
            most_replies: if count == 0 { u64::MAX } else { count },
        })
    }
}

fn main() -> Outcome<()> {
    let options = Options::read()?;
    if let Some(pair) = options.0.get("ping") {
        let (first, second) = pair.split_once(',').ok_or(USAGE)?;
        let ping_ns = cores::ping_ns(first.parse()?, second.parse()?)?;
        println!(r#"{{"ping_ns":{ping_ns:.1}}}"#);
        return Ok(());
    }
    let queries = Queries::read(Path::new(&options.get::<String>("queries", "")?))?;
    let report = Load::new(options.settings()?, &queries)?.run()?;
    println!("{}", report.to_json());
    Ok(())
}
