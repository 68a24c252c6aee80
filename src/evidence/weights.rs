//! Lists in which a client weighs what it would rather have (RFC 9110, 12.4.2): `Accept`, `Accept-Language`.

/// A weight in thousandths: `q=0.8` is 800.
pub type Weight = u16;

/// What stands for a weight that is not given.
pub const MOST: Weight = 1_000;

/// The weight among the parameters of a member of such a list; none when it is no weight.
pub fn weight<'v>(parameters: impl Iterator<Item = &'v [u8]>) -> Option<Weight> {
    let mut weights = parameters.filter_map(|part| {
        let (name, value) = part.split_at_checked(part.iter().position(|byte| *byte == b'=')?)?;
        name.eq_ignore_ascii_case(b"q")
            .then(|| read_weight(value.strip_prefix(b"=")?))
    });
    weights.next().unwrap_or(Some(MOST))
}

/// `0`, `0.8`, `0.125`, `1.000`: at most three digits behind the point, and no more than 1.
fn read_weight(text: &[u8]) -> Option<Weight> {
    let (whole, digits) = match text {
        [whole] => (whole, &[][..]),
        [whole, b'.', digits @ ..] if digits.len() <= 3 => (whole, digits),
        _ => return None,
    };
    let whole = match whole {
        b'0' => 0,
        b'1' => MOST,
        _ => return None,
    };
    let mut weight = whole;
    let mut place = 100;
    for digit in digits {
        let digit = digit.checked_sub(b'0').filter(|digit| *digit <= 9)?;
        weight += Weight::from(digit) * place;
        place /= 10;
    }
    (weight <= MOST).then_some(weight)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weight_is_read_in_thousandths() {
        let read = |text: &str| read_weight(text.as_bytes());
        assert_eq!(
            [read("0"), read("0."), read("0.8"), read("0.125")],
            [Some(0), Some(0), Some(800), Some(125)]
        );
        assert_eq!(
            [read("1"), read("1.000"), read("1.001"), read("0.0001"), read("")],
            [Some(1_000), Some(1_000), None, None, None]
        );
    }
}
