//! Counts the allocations of each row, in a process of its own: a counting allocator would slow down what is timed, and
//! huginn-net more than us. One line a row, tab between: our worst input, their worst input.

use allocation_counter::measure;
use layerprint_bench::rows::Case;
use layerprint_bench::{Inputs, ROWS};

fn main() {
    let inputs = Inputs::read();
    for row in ROWS {
        let cases = row.cases(&inputs);
        let worst = |run: fn(&Case)| {
            // Once before: what is set up at the first call and kept is no part of a fingerprint.
            cases.iter().for_each(run);
            cases
                .iter()
                .map(|case| measure(|| run(case)).count_total)
                .max()
                .unwrap_or(0)
        };
        println!("{}\t{}", worst(row.ours), worst(row.theirs));
    }
}
