//! The fuzzer of [`guard_fuzz::statement`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| guard_fuzz::statement::check(data));
