//! Every target over its kept corpus and its seeds, as an ordinary test.

use std::path::Path;

use responder_fuzz::{TARGETS, seeds};

#[test]
fn every_kept_input_passes_its_target() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for (name, check) in TARGETS {
        let kept = std::fs::read_dir(corpus.join(name)).expect("a corpus for each target");
        for entry in kept {
            let path = entry.expect("a readable folder").path();
            eprintln!("{}", path.display());
            check(&std::fs::read(path).expect("a readable file"));
        }
    }
}

#[test]
fn every_seed_passes_its_target() {
    for (name, check) in TARGETS {
        for (number, seed) in seeds::of(name).iter().enumerate() {
            eprintln!("{name} {number}");
            check(seed);
        }
    }
}
