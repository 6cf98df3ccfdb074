#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| audatec_fuzz::recipients::run(data));
