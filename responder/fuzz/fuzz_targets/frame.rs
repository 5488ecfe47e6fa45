#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| responder_fuzz::frame::check(octets));
