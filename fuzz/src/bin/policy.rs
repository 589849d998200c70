//! The fuzzer of [`guard_fuzz::policy`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| guard_fuzz::policy::check(data));
