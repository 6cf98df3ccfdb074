#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| audatec_fuzz::post_calls::run(data));
