//! The shipped lists of functions: those known to be safe, and those that reach
//! out of their statement.

use super::mysql;

/// Names of functions and types that only compute, one a line.
const SAFE: &str = include_str!("safe_functions.txt");

/// Functions that reach out of their statement, in lists.
const LISTED: &str = include_str!("listed_functions.txt");

/// A shipped list of functions that a policy can name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionList {
    /// The word that names it.
    pub name: &'static str,
    /// What its functions reach, in one sentence.
    pub about: &'static str,
    /// The functions, lower case.
    pub functions: Vec<&'static str>,
}

/// The safe functions, in the order of the alphabet.
pub fn safe_functions() -> impl Iterator<Item = &'static str> {
    let names = SAFE.lines().filter(|line| !line.starts_with('#'));
    names.filter(|name| !name.is_empty())
}

/// The functions of MySQL and MariaDB that are known to only compute, in no order.
pub fn safe_mysql_functions() -> impl Iterator<Item = &'static str> {
    mysql::safe_functions()
}

/// Tells whether a call of this name (lower case, without schema) is known to
/// only compute.
#[must_use]
pub fn is_safe_function(name: &str) -> bool {
    name == "unnest"
        || safe_functions().any(|safe| safe == name)
        || safe_mysql_functions().any(|safe| safe == name)
}

/// The shipped lists.
#[must_use]
pub fn function_lists() -> Vec<FunctionList> {
    let mut lists: Vec<FunctionList> = Vec::new();
    let mut about = "";
    for line in LISTED.lines() {
        if let Some(text) = line.strip_prefix("# ") {
            about = text;
        } else if let Some(name) = line
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            lists.push(FunctionList {
                name,
                about,
                functions: Vec::new(),
            });
        } else if let Some(list) = lists.last_mut() {
            list.functions.extend(line.split_whitespace());
        }
    }
    lists
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn a_function_is_listed_once_and_in_lower_case() {
        let mut seen = HashSet::new();
        for list in function_lists() {
            assert!(!list.functions.is_empty(), "{} is empty", list.name);
            assert!(list.about.ends_with('.'), "{}: {}", list.name, list.about);
            for function in list.functions {
                assert!(seen.insert(function), "{function} is listed twice");
                assert_eq!(function, function.to_lowercase());
            }
        }
        assert!(seen.len() > 100, "only {} functions", seen.len());
    }

    #[test]
    fn safe_functions_have_hashes_of_their_own() {
        let mut seen = HashSet::new();
        for name in safe_functions().chain(["unnest"]) {
            let low = guard_common::hash::of(name.as_bytes()) as u32;
            assert!(low != 0 && seen.insert(low) || name == "unnest", "{name}");
        }
    }
}
