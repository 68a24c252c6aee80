//! Counts as numbers that can be divided.

/// The nearest number to `count` that has a fraction.
pub fn float(count: u64) -> f64 {
    let half = |bits: u64| f64::from(u32::try_from(bits & u64::from(u32::MAX)).unwrap_or(u32::MAX));
    half(count >> 32) * 4_294_967_296.0 + half(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_counts_stay_what_they_are() {
        assert_eq!(float(5_000_000_000), 5e9);
        assert_eq!(float(7), 7.0);
    }
}
