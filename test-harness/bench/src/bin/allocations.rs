//! Counts the allocations of each row, in a process of its own: a counting allocator would slow down what is timed, and
//! huginn-net more than us. One line a row, tab between: our worst input, their worst input.

use allocation_counter::measure;
use layerprint_bench::rows::{Side, run};
use layerprint_bench::{Inputs, ROWS};

fn main() {
    let inputs = Inputs::read();
    let mut text = String::with_capacity(1_024);
    for row in ROWS {
        let cases = row.cases(&inputs);
        let mut worst = |side: Side| {
            // Once before: what is set up at the first call and kept is no part of a fingerprint.
            run(side, &cases, &mut text);
            let one = |case| measure(|| run(side, std::slice::from_ref(case), &mut text)).count_total;
            cases.iter().map(one).max().unwrap_or(0)
        };
        println!("{}\t{}", worst(row.ours), worst(row.theirs));
    }
}
