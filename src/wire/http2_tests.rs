//! The HTTP/2 opening: real openings at every cut, and what the RFC refuses.

use super::*;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut bytes = length[1..].to_vec();
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

fn settings(entries: &[(u16, u32)]) -> Vec<u8> {
    let payload: Vec<u8> = entries
        .iter()
        .flat_map(|(id, value)| [&id.to_be_bytes()[..], &value.to_be_bytes()[..]].concat())
        .collect();
    frame(4, 0, 0, &payload)
}

fn connection(frames: &[Vec<u8>]) -> Vec<u8> {
    [PREFACE.to_vec(), frames.concat()].concat()
}

fn parse(bytes: &[u8]) -> Progress<Opening, Error> {
    Parser::default().feed(bytes)
}

fn chrome() -> Vec<u8> {
    connection(&[
        settings(&[(1, 65_536), (2, 0), (4, 6_291_456), (6, 262_144)]),
        frame(8, 0, 0, &15_663_105_u32.to_be_bytes()),
        frame(1, 0x25, 1, &[0x80, 0, 0, 0, 0xff, 0x82]),
    ])
}

#[test]
fn chromes_opening_is_read_in_wire_order() {
    let Progress::Done(opening) = parse(&chrome()) else {
        panic!("not done")
    };
    let ids: Vec<_> = opening.settings.iter().map(|s| (s.id, s.value)).collect();
    assert_eq!(ids, [(1, 65_536), (2, 0), (4, 6_291_456), (6, 262_144)]);
    assert_eq!(opening.window_update, Some(15_663_105));
    assert!(opening.priorities.is_empty());
    let priority = Priority {
        stream: 1,
        exclusive: true,
        depends_on: 0,
        weight: 256,
    };
    assert_eq!(
        opening.headers,
        FirstHeaders {
            stream: 1,
            flags: 0x25,
            priority: Some(priority)
        }
    );
}

#[test]
fn every_cut_gives_the_answer_of_the_whole() {
    let firefox = connection(&[
        settings(&[(1, 65_536), (4, 131_072), (5, 16_384)]),
        frame(8, 0, 0, &12_517_377_u32.to_be_bytes()),
        frame(2, 0, 3, &[0, 0, 0, 0, 200]),
        frame(2, 0, 5, &[0x80, 0, 0, 3, 0]),
        frame(0x10, 0, 0, b"\0\0\0\x01u=1"),
        frame(6, 0, 0, &[0; 8]),
        frame(1, 0x2d, 15, &[1, 0, 0, 0, 13, 41, 0x82, 0]),
    ]);
    for bytes in [chrome(), firefox] {
        let whole = parse(&bytes);
        assert!(matches!(whole, Progress::Done(_)), "{whole:?}");
        let needed = (0..=bytes.len())
            .find(|n| parse(&bytes[..*n]) != Progress::NeedMore)
            .unwrap();
        for n in 0..=bytes.len() {
            let expected = if n < needed { Progress::NeedMore } else { whole.clone() };
            assert_eq!(parse(&bytes[..n]), expected, "prefix of {n}");
            let mut parser = Parser::default();
            let first = parser.feed(&bytes[..n]);
            let answer = if first == Progress::NeedMore {
                parser.feed(&bytes[n..])
            } else {
                first
            };
            assert_eq!(answer, whole, "cut at {n}");
        }
        let mut parser = Parser::default();
        let bytewise = bytes
            .iter()
            .map(|byte| parser.feed(&[*byte]))
            .find(|answer| *answer != Progress::NeedMore);
        assert_eq!(bytewise, Some(whole));
    }
}

#[test]
fn priority_frames_keep_stream_dependency_and_weight() {
    let bytes = connection(&[
        settings(&[]),
        frame(2, 0, 5, &[0x80, 0, 0, 3, 0]),
        frame(1, 4, 7, &[0x82]),
    ]);
    let Progress::Done(opening) = parse(&bytes) else {
        panic!("not done")
    };
    assert_eq!(
        opening.priorities.as_slice(),
        [Priority {
            stream: 5,
            exclusive: true,
            depends_on: 3,
            weight: 1
        }]
    );
    assert!(opening.settings.is_empty());
    assert_eq!(opening.window_update, None);
}

#[test]
fn only_the_first_settings_and_the_first_window_update_of_the_connection_count() {
    let bytes = connection(&[
        settings(&[(3, 100)]),
        frame(8, 0, 1, &7_u32.to_be_bytes()),
        frame(8, 0, 0, &8_u32.to_be_bytes()),
        frame(8, 0, 0, &9_u32.to_be_bytes()),
        settings(&[(3, 200)]),
        frame(4, 1, 0, &[]),
        frame(1, 4, 1, &[0x82]),
    ]);
    let Progress::Done(opening) = parse(&bytes) else {
        panic!("not done")
    };
    assert_eq!(
        (opening.settings.as_slice(), opening.window_update),
        ([Setting { id: 3, value: 100 }].as_slice(), Some(8))
    );
    let further = [(1, 7), (0, 9)].map(|(stream, increment)| WindowUpdate { stream, increment });
    assert_eq!(opening.further_windows, further);
}

#[test]
fn window_updates_without_end_meet_their_bound() {
    let answer = |further| {
        let mut frames = vec![settings(&[]), frame(8, 0, 0, &[0, 0, 0, 1])];
        frames.extend(vec![frame(8, 0, 1, &[0, 0, 0, 1]); further]);
        frames.push(frame(1, 4, 1, &[0x82]));
        parse(&connection(&frames))
    };
    assert!(matches!(answer(MAX_FURTHER_WINDOWS), Progress::Done(_)));
    assert_eq!(answer(MAX_FURTHER_WINDOWS + 1), Progress::Malformed(Error::TooMany));
}

#[test]
fn other_protocols_are_told_at_the_first_byte_that_differs() {
    assert_eq!(parse(b"GET / HTTP/1.1\r\n"), Progress::NotThis);
    assert_eq!(parse(b"PRI * HTTP/2.1"), Progress::NotThis);
    assert_eq!(parse(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r"), Progress::NeedMore);
    assert_eq!(parse(b"\x16\x03\x01"), Progress::NotThis);
    assert_eq!(parse(b""), Progress::NeedMore);
}

#[test]
fn what_the_rfc_calls_a_connection_error_gives_no_value() {
    let first = settings(&[(1, 2)]);
    let cases: &[(&str, Vec<Vec<u8>>, Error)] = &[
        (
            "first frame is not SETTINGS",
            vec![frame(1, 4, 1, &[0x82])],
            Error::UnexpectedFrame,
        ),
        (
            "first SETTINGS is an ACK",
            vec![frame(4, 1, 0, &[])],
            Error::UnexpectedFrame,
        ),
        (
            "SETTINGS on a stream",
            vec![frame(4, 0, 1, &[])],
            Error::UnexpectedFrame,
        ),
        (
            "SETTINGS of odd length",
            vec![frame(4, 0, 0, &[0; 5])],
            Error::FrameSize,
        ),
        (
            "ACK with a payload",
            vec![first.clone(), frame(4, 1, 0, &[0; 6])],
            Error::FrameSize,
        ),
        (
            "WINDOW_UPDATE by zero",
            vec![first.clone(), frame(8, 0, 0, &[0x80, 0, 0, 0])],
            Error::ZeroIncrement,
        ),
        (
            "WINDOW_UPDATE of 3 bytes",
            vec![first.clone(), frame(8, 0, 0, &[0; 3])],
            Error::FrameSize,
        ),
        (
            "PRIORITY on stream 0",
            vec![first.clone(), frame(2, 0, 0, &[0; 5])],
            Error::UnexpectedFrame,
        ),
        (
            "PRIORITY of 4 bytes",
            vec![first.clone(), frame(2, 0, 3, &[0; 4])],
            Error::FrameSize,
        ),
        (
            "HEADERS on an even stream",
            vec![first.clone(), frame(1, 4, 2, &[0x82])],
            Error::UnexpectedFrame,
        ),
        (
            "HEADERS too short for its fields",
            vec![first.clone(), frame(1, 0x24, 1, &[0; 4])],
            Error::FrameSize,
        ),
        (
            "padding over the frame",
            vec![first.clone(), frame(1, 0x0c, 1, &[9, 0x82])],
            Error::Padding,
        ),
        (
            "DATA before HEADERS",
            vec![first.clone(), frame(0, 0, 1, &[1])],
            Error::UnexpectedFrame,
        ),
        (
            "an oversized frame",
            vec![first.clone(), vec![0, 0x40, 1, 0x42, 0, 0, 0, 0, 0]],
            Error::FrameSize,
        ),
    ];
    for (what, frames, error) in cases {
        assert_eq!(parse(&connection(frames)), Progress::Malformed(*error), "{what}");
    }
}

#[test]
fn ten_thousand_settings_are_refused_before_they_are_kept() {
    let most: Vec<(u16, u32)> = (0..2_730).map(|id| (id, 0)).collect();
    assert_eq!(
        parse(&connection(&[settings(&most)])[..33]),
        Progress::Malformed(Error::TooMany)
    );
    let kept: Vec<(u16, u32)> = (0..32).map(|id| (id, 0)).collect();
    assert_eq!(parse(&connection(&[settings(&kept)])), Progress::NeedMore);
    let ten_thousand = frame(4, 0, 0, &[0; 60_000]);
    assert_eq!(
        parse(&connection(&[ten_thousand])),
        Progress::Malformed(Error::FrameSize)
    );
}

#[test]
fn priority_frames_are_bounded() {
    let mut frames = vec![settings(&[])];
    frames.extend((0..40).map(|n| frame(2, 0, 2 * n + 3, &[0; 5])));
    assert_eq!(parse(&connection(&frames)), Progress::Malformed(Error::TooMany));
}
