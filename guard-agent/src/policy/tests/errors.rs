//! Every error text, word for word: `errors.txt` holds a policy, a line of
//! dashes and what is said about it.

use super::bad;

#[test]
fn every_mistake_is_told_with_place_cause_and_remedy() {
    let mut checked = 0;
    for case in include_str!("errors.txt").split("\n====\n") {
        let Some((policy, expected)) = case.split_once("\n----\n") else {
            assert_eq!(case.trim(), "", "a case without an expectation");
            continue;
        };
        assert_eq!(bad(policy), expected, "\nfor the policy\n{policy}");
        checked += 1;
    }
    assert!(checked > 40, "only {checked} cases were read");
}
