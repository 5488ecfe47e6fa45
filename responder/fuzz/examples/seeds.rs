//! Writes every target's seeds below the folder given: `cargo run --example seeds -- work`.

use std::path::PathBuf;
use std::{env, fs, io};

use responder_fuzz::{TARGETS, seeds};

fn main() -> io::Result<()> {
    let work: PathBuf = env::args_os().nth(1).unwrap_or("work".into()).into();
    for (name, _) in TARGETS {
        let folder = work.join(name);
        fs::create_dir_all(&folder)?;
        for (number, seed) in seeds::of(name).iter().enumerate() {
            fs::write(folder.join(format!("seed-{number:03}")), seed)?;
        }
    }
    Ok(())
}
