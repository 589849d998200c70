//! From samples to a table.

use super::workload::{Sample, Workload};
use super::{Samples, State};
use std::fmt::Write;

/// The table for `docs/performance.md`.
pub(super) fn table(samples: &Samples) -> String {
    let mut text = String::from(
        "| workload | state | p50 ratio: median (min to max) | p10 ratio: median | p50, µs | CPU, µs | daemon CPU, µs |\n\
         | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    let states = [
        (State::OffAgain, "no daemon again (A/A control)"),
        (State::Unguarded, "daemon runs, process not guarded"),
        (State::Guarded, "guarded"),
    ];
    for workload in Workload::ALL {
        let of = |state| {
            samples
                .get(&(workload, state))
                .map(Vec::as_slice)
                .unwrap_or_default()
        };
        let off = of(State::Off);
        row(&mut text, workload, "no daemon", None, off);
        for (state, name) in states {
            row(&mut text, workload, name, Some(off), of(state));
        }
    }
    text
}

fn row(
    text: &mut String,
    workload: Workload,
    state: &str,
    off: Option<&[Sample]>,
    samples: &[Sample],
) {
    let ratio = |of: fn(&Sample) -> f64| {
        off.map(|off| {
            sorted(
                samples
                    .iter()
                    .zip(off)
                    .map(|(with, without)| of(with) / of(without)),
            )
        })
    };
    let p50 = ratio(|sample| sample.p50).map_or_else(
        || "1".to_owned(),
        |all| {
            let (least, most) = (all.first().unwrap_or(&0.0), all.last().unwrap_or(&0.0));
            format!("{:.3} ({least:.3} to {most:.3})", median(&all))
        },
    );
    let p10 = ratio(|sample| sample.p10)
        .map_or_else(|| "1".to_owned(), |all| format!("{:.3}", median(&all)));
    let plain = |of: fn(&Sample) -> f64| median(&sorted(samples.iter().map(of)));
    writeln!(
        text,
        "| {} | {state} | {p50} | {p10} | {:.1} | {:.0} | {:.0} |",
        workload.name(),
        plain(|sample| sample.p50),
        plain(|sample| sample.cpu),
        plain(|sample| sample.daemon),
    )
    .expect("text takes text");
}

fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values
}

/// The middle of sorted values.
fn median(sorted: &[f64]) -> f64 {
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => sorted[middle],
        _ => f64::midpoint(sorted[middle - 1], sorted[middle]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_is_the_middle() {
        assert!((median(&[1.0, 2.0, 9.0]) - 2.0).abs() < 1e-9);
        assert!((median(&[1.0, 2.0, 4.0, 9.0]) - 3.0).abs() < 1e-9);
        assert!(median(&[]).is_nan());
    }
}
