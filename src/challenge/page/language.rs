//! Which language a person reads, by `Accept-Language` (RFC 9110, 12.5.4; RFC 4647, 3.4).

use crate::evidence::weights::{Weight, weight};

/// The most members of the header that are looked at. People have a handful.
const MAX_RANGES: usize = 16;

/// Which of `tags` the header asks for: the one found for the range that weighs most, the first of those that weigh the same. A range
/// finds the tag that it is, or else the one that is left when subtags are taken off its end: `pt-BR` finds `pt`. Where that finds
/// nothing, the first tag of the same language will do: `pt` finds `pt-BR`.
pub(super) fn choose<'t>(header: &[u8], tags: impl Iterator<Item = &'t str> + Clone) -> Option<usize> {
    let mut best: Option<(Weight, usize)> = None;
    for range in header.split(|byte| *byte == b',').take(MAX_RANGES) {
        let mut parts = range.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
        let Some(range) = parts.next() else { continue };
        let Some(weight) = weight(parts) else { continue };
        if weight <= best.map_or(0, |(weight, _)| weight) {
            continue;
        }
        if let Some(found) = look_up(range, tags.clone()) {
            best = Some((weight, found));
        }
    }
    best.map(|(_, found)| found)
}

fn look_up<'t>(range: &[u8], mut tags: impl Iterator<Item = &'t str> + Clone) -> Option<usize> {
    let mut left = range;
    loop {
        let same = |tag: &str| tag.as_bytes().eq_ignore_ascii_case(left);
        if let Some(found) = tags.clone().position(same) {
            return Some(found);
        }
        match left.iter().rposition(|byte| *byte == b'-') {
            Some(dash) => left = left.split_at_checked(dash)?.0,
            None => break,
        }
    }
    tags.position(|tag| {
        let language = tag.split('-').next().unwrap_or_default();
        language.as_bytes().eq_ignore_ascii_case(left)
    })
}

/// `rtl` for a language that is written from right to left.
pub(super) fn direction(tag: &str) -> &'static str {
    let mut subtags = tag.split('-');
    let language = subtags.next().unwrap_or_default().to_ascii_lowercase();
    let script = subtags
        .next()
        .filter(|script| script.len() == 4)
        .map(str::to_ascii_lowercase);
    let is_rtl = match script.as_deref() {
        Some(script) => matches!(script, "arab" | "hebr" | "thaa" | "syrc" | "nkoo" | "rohg" | "adlm"),
        None => matches!(
            language.as_str(),
            "ar" | "arc" | "ckb" | "dv" | "fa" | "he" | "iw" | "ps" | "sd" | "syr" | "ug" | "ur" | "yi"
        ),
    };
    if is_rtl { "rtl" } else { "ltr" }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAGS: [&str; 6] = ["en", "de", "pt-BR", "pt-PT", "zh", "de-CH"];

    fn chosen(header: &str) -> Option<&'static str> {
        choose(header.as_bytes(), TAGS.into_iter()).map(|found| TAGS[found])
    }

    #[test]
    fn the_language_is_that_which_weighs_most() {
        for (header, tag) in [
            ("de", "de"),
            ("DE-de", "de"),
            ("de-CH, de;q=0.9", "de-CH"),
            ("de-CH-1996,en", "de-CH"),
            ("en;q=0.5, de;q=0.8", "de"),
            ("fr, de;q=0.8, en;q=0.9", "en"),
            ("fr-CH, fr;q=0.9, zh-TW;q=0.8, *;q=0.5", "zh"),
            ("pt-PT", "pt-PT"),
            ("pt", "pt-BR"),
            ("pt-AO", "pt-BR"),
            ("de;q=0, en;q=0.1", "en"),
            ("de;q=2, zh", "zh"),
            (",, de ;q=0.3", "de"),
        ] {
            assert_eq!(chosen(header), Some(tag), "{header}");
        }
    }

    #[test]
    fn what_is_not_there_is_not_chosen() {
        for header in ["", "*", "fr", "de;q=0", "d", "deu", "-", "-de", "de-;q=x", ";q=1"] {
            assert_eq!(chosen(header), None, "{header}");
        }
        let far = format!("{}de", "fr,".repeat(MAX_RANGES));
        assert_eq!(chosen(&far), None);
        assert_eq!(choose(b"\xff\xfe,\x00-\xff;q=1,zh", TAGS.into_iter()), Some(4));
    }

    #[test]
    fn some_languages_run_from_right_to_left() {
        for tag in ["ar", "AR-EG", "he", "fa-IR", "ur", "az-Arab"] {
            assert_eq!(direction(tag), "rtl", "{tag}");
        }
        for tag in ["en", "ara", "de", "uz-Latn", "ku-Latn-TR", ""] {
            assert_eq!(direction(tag), "ltr", "{tag}");
        }
    }
}
