//! What holds for any bytes read as the opening of an HTTP/2 connection, and as its first header block.

use layerprint::evidence::Evidence;
use layerprint::fingerprint::http2::{Extended, Fingerprint, PseudoOrder};
use layerprint::wire::http2::{MAX_FURTHER_WINDOWS, MAX_PRIORITIES, MAX_SETTINGS, Opening, PREFACE, Parser, Priority};
use layerprint::wire::http2_block::{BlockParser, MAX_BLOCK};
use layerprint::wire::{Progress, is_grease, opening};

use crate::handover;
use crate::random::Random;
use crate::stream;

const PRIORITY: u8 = 0x20;
const PADDED: u8 = 0x08;
const END_HEADERS: u8 = 0x04;

/// Checks every law for `bytes`; panics at the first that is broken.
pub(crate) fn holds(bytes: &[u8]) {
    let (answer, taken) = stream::answer(bytes, Parser::default, Parser::feed);
    let (block, block_taken) = stream::answer(bytes, BlockParser::default, BlockParser::feed);
    assert_eq!(
        answer == Progress::NotThis,
        block == Progress::NotThis,
        "the preface is one"
    );
    if let Progress::Done(block) = &block {
        assert_ne!(answer, Progress::NeedMore, "the opening ends before the block does");
        assert!(block_taken >= taken);
        block_holds(block, &mut Random::from_bytes(bytes));
    }
    if let Progress::Done(opening) = &answer {
        let mut parser = Parser::default();
        parser.feed(bytes);
        assert_eq!(parser.feed(bytes), answer, "the parser is back at its start");
        opening_holds(opening);
        form_holds(opening, &bytes[taken..]);
        let opening = Evidence::Seen(opening::Opening::Http2(opening.clone()));
        handover::round_trip(&opening);
    }
}

fn opening_holds(opening: &Opening) {
    assert!(opening.settings.len() <= MAX_SETTINGS);
    assert!(opening.priorities.len() <= MAX_PRIORITIES);
    assert!(opening.further_windows.len() <= MAX_FURTHER_WINDOWS);
    let again = frames(opening);
    let (answer, taken) = stream::answer(&again, Parser::default, Parser::feed);
    assert_eq!(answer, Progress::Done(opening.clone()), "written and read again");
    assert_eq!(taken, again.len(), "nothing is written that is not read");
}

/// The opening as a client would send it, up to the end of what the parser reads.
pub(crate) fn frames(opening: &Opening) -> Vec<u8> {
    let mut bytes = PREFACE.to_vec();
    let entries = opening.settings.iter();
    let settings: Vec<u8> = entries
        .flat_map(|setting| [&setting.id.to_be_bytes()[..], &setting.value.to_be_bytes()].concat())
        .collect();
    frame(&mut bytes, 4, 0, 0, &settings);
    if let Some(increment) = opening.window_update {
        frame(&mut bytes, 8, 0, 0, &increment.to_be_bytes());
    }
    for window in &opening.further_windows {
        frame(&mut bytes, 8, 0, window.stream, &window.increment.to_be_bytes());
    }
    for priority in &opening.priorities {
        frame(&mut bytes, 2, 0, priority.stream, &fields(priority));
    }
    let headers = opening.headers;
    let mut payload = Vec::new();
    if headers.flags & PADDED != 0 {
        payload.push(0);
    }
    payload.extend(headers.priority.iter().flat_map(fields));
    frame(&mut bytes, 1, headers.flags, headers.stream, &payload);
    bytes
}

fn fields(priority: &Priority) -> Vec<u8> {
    let exclusive = u32::from(priority.exclusive) << 31;
    let mut bytes = (priority.depends_on | exclusive).to_be_bytes().to_vec();
    bytes.push(u8::try_from(priority.weight - 1).unwrap());
    bytes
}

fn frame(bytes: &mut Vec<u8>, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
    bytes.extend(&u32::try_from(payload.len()).unwrap().to_be_bytes()[1..]);
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
}

/// The Akamai form, with any text whatever for the names of the first request.
fn form_holds(opening: &Opening, names: &[u8]) {
    let names = String::from_utf8_lossy(names);
    let Some(pseudo) = PseudoOrder::of(names.split('\n')) else {
        return;
    };
    let text = pseudo.to_string();
    assert_eq!(PseudoOrder::parse(&text), Some(pseudo), "the order is read back");
    let form = Fingerprint { opening, pseudo };
    let text = form.to_string();
    assert!(text.bytes().all(|byte| byte.is_ascii_graphic()), "{text:?}");
    assert_eq!(text, form.to_string());
    let parts: Vec<&str> = text.split('|').collect();
    let [settings, window_update, priorities, order] = parts[..] else {
        panic!("{text} has not four parts")
    };
    let sent = opening.settings.iter().filter(|setting| !is_grease(setting.id));
    let sent: Vec<_> = sent
        .map(|setting| format!("{}:{}", setting.id, setting.value))
        .collect();
    assert_eq!(settings, sent.join(";"));
    let increment = opening.window_update.map(|increment| increment.to_string());
    assert_eq!(window_update, increment.as_deref().unwrap_or("00"));
    let frames = priorities.split(',').filter(|frame| *frame != "0").count();
    assert_eq!(frames, opening.priorities.len());
    assert_eq!(order, pseudo.to_string());
    let extended = Extended(form).to_string();
    let rest = extended.strip_prefix(&text).unwrap();
    let [nothing, headers, windows, grease] = rest.split('|').collect::<Vec<_>>()[..] else {
        panic!("{extended} has not three parts more")
    };
    assert_eq!(nothing, "");
    assert!(headers.starts_with(&opening.headers.stream.to_string()));
    assert_eq!(headers.contains(':'), opening.headers.priority.is_some());
    let windows = windows.split(',').filter(|window| *window != "0").count();
    assert_eq!(windows, opening.further_windows.len());
    let left_out = opening.settings.iter().filter(|setting| is_grease(setting.id)).count();
    assert_eq!(grease, left_out.to_string());
}

/// Cut into other frames, padded or not, the block is the same.
fn block_holds(block: &[u8], random: &mut Random) {
    assert!(block.len() <= MAX_BLOCK);
    let mut bytes = PREFACE.to_vec();
    frame(&mut bytes, 4, 0, 0, &[]);
    let (mut kind, mut left) = (1, block);
    loop {
        let (piece, rest) = left.split_at(random.between(0, 16_000).min(left.len()));
        let end = if rest.is_empty() { END_HEADERS } else { 0 };
        if kind == 1 {
            let padding = random.between(0, 255);
            let padded = [&[u8::try_from(padding).unwrap()], &[0; 5][..], piece, &vec![0; padding]].concat();
            frame(&mut bytes, 1, end | PADDED | PRIORITY, 1, &padded);
        } else {
            frame(&mut bytes, 9, end, 1, piece);
        }
        (kind, left) = (9, rest);
        if rest.is_empty() {
            break;
        }
    }
    assert_eq!(BlockParser::default().feed(&bytes), Progress::Done(block.to_vec()));
}
