//! A capture may hold any number of connections, and each may try to hold any amount: the tool keeps within its bounds, and says
//! what gave way.

use crate::made::{Side, raw, read};
use layerprint_harness::capture::{Gap, MAX_CONNECTIONS, MAX_HELD};

fn client(number: usize) -> Side {
    Side {
        port: (number + 1).try_into().unwrap(),
        ..Side::client(1)
    }
}

#[test]
fn over_the_bound_on_connections_the_oldest_give_way_and_are_still_shown() {
    let count = MAX_CONNECTIONS + 1_000;
    let packets: Vec<_> = (0..count).map(|number| client(number).syn()).collect();
    let (clients, report) = read(&raw(&packets));
    assert_eq!(clients.len(), count);
    assert_eq!(clients[1_234]["src"], "192.0.2.1:1235");
    assert_eq!(report.summary.gaps[&Gap::Evicted], 1_000);
    assert_eq!(report.summary.gaps[&Gap::NoData], count as u64);
}

#[test]
fn over_the_bound_on_memory_the_oldest_give_way() {
    let each = 40_000;
    let count = MAX_HELD / each + 100;
    let mut packets = Vec::new();
    for number in 0..count {
        let mut client = client(number);
        packets.push(client.syn());
        client.next += 1;
        packets.push(client.data(&vec![b'a'; each]));
    }
    let (clients, report) = read(&raw(&packets));
    assert_eq!(clients.len(), count);
    assert!(
        (100..300).contains(&report.summary.gaps[&Gap::Evicted]),
        "{:?}",
        report.summary.gaps
    );
}

#[test]
fn an_opening_without_end_is_given_up_at_the_parsers_own_bound() {
    let mut client = client(1);
    let mut packets = vec![client.syn(), client.data(b"GET / HTTP/1.1\r\na: ")];
    packets.extend((0..200).map(|_| client.data(&[b'b'; 1_000])));
    let (clients, report) = read(&raw(&packets));
    assert_eq!(clients.len(), 1);
    assert_eq!(report.summary.gaps[&Gap::Broken("opening: TooLarge".to_owned())], 1);
}
