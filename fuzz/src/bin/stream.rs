//! The fuzzer of [`guard_fuzz::stream`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| guard_fuzz::stream::check(data));
