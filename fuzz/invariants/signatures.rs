//! What holds for any bytes read as lines of the fields of a signature.

use layerprint::evidence::signatures::{LABEL, Others, SignatureField};

/// Checks every law for `bytes`, a line each; panics at the first that is broken.
pub(crate) fn holds(bytes: &[u8]) {
    let lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
    for field in SignatureField::ALL {
        let others = read(field, &lines);
        assert!(
            others.members.len() <= bytes.len() + lines.len(),
            "nothing is added but commas"
        );
        // What stays is a dictionary, and ours fits behind it.
        let mine = match field {
            SignatureField::Input => r#"layerprint=("@path");created=1"#,
            SignatureField::Signature => "layerprint=:YQ==:",
        };
        let again = read(field, &[others.members.as_bytes()]);
        let stays = Others {
            members: others.members.clone(),
            forged: 0,
        };
        assert_eq!(again, stays, "what stays is read again");
        let both = [others.members.as_str(), mine].join(if others.members.is_empty() { "" } else { ", " });
        let expected = Others { forged: 1, ..stays };
        assert_eq!(read(field, &[both.as_bytes()]), expected, "and ours is found beside it");
        // Without our label in it, there is nothing to be found.
        let has_label = bytes.windows(LABEL.len()).any(|part| part == LABEL.as_bytes());
        assert!(has_label || others.forged == 0);
        // Each member that stays was sent as it is.
        let sent = |part: &str| bytes.windows(part.len().max(1)).any(|sent| sent == part.as_bytes());
        assert!(lines.len() > 1 || others.members.split(", ").all(|part| part.is_empty() || sent(part)));
    }
}

fn read(field: SignatureField, lines: &[&[u8]]) -> Others {
    let fields: Vec<_> = lines.iter().map(|line| (field.name(), *line)).collect();
    field.read(&fields).expect("there is one line at least")
}
