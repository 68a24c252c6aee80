//! What each recorded client is known as, in one file: `tests/fixtures/clients/matrix.txt`. After a change of tables or recordings,
//! write it again with `LAYERPRINT_BLESS=1 cargo test -p layerprint --test catalogue` and read the difference.

use std::collections::BTreeSet;
use std::fs;

use layerprint::clients::catalogue::{Catalogue, Likeness};

use crate::fixtures::{Client, clients, folder};
use crate::{catalogue, names};

/// `client: TLS / HTTP/2 / orders → family (claimed family)`.
fn line(catalogue: &Catalogue, client: &Client) -> String {
    let orders: BTreeSet<String> = client
        .requests
        .iter()
        .map(|request| names(catalogue, request.orders(catalogue)))
        .collect();
    let orders: Vec<String> = orders.into_iter().collect();
    let first = client
        .requests
        .first()
        .map_or(Likeness::UNKNOWN, |request| request.orders(catalogue));
    let (tls, http2) = (client.tls(catalogue), client.http2(catalogue));
    let shown = catalogue
        .shown(&tls, &http2, &first)
        .map_or("-", |family| family.name());
    let claimed = client.user_agent().and_then(|claims| catalogue.claimed(&claims));
    format!(
        "{}: {} / {} / {} -> {shown} ({})",
        client.client,
        names(catalogue, tls),
        names(catalogue, http2),
        orders.join(" "),
        claimed.map_or("-", |family| family.name()),
    )
}

#[test]
fn every_recorded_client_is_known_as_what_the_matrix_says() {
    let catalogue = catalogue();
    let lines: Vec<String> = clients().iter().map(|client| line(&catalogue, client)).collect();
    let matrix = lines.join("\n") + "\n";
    let path = folder().join("clients/matrix.txt");
    if std::env::var_os("LAYERPRINT_BLESS").is_some() {
        fs::write(&path, &matrix).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    for (seen, kept) in lines.iter().zip(kept.lines()) {
        assert_eq!(seen, kept);
    }
    assert_eq!(lines.len(), kept.lines().count());
}
