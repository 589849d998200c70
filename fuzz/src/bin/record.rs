//! The fuzzer of [`guard_fuzz::record`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| guard_fuzz::record::check(data));
