//! Which headers came, and in which order.

use super::{Claimed, Finding, seen};
use crate::clients::catalogue::Sends;
use crate::clients::stacks::Fit;
use crate::compare::code::Code;
use crate::compare::view::{Channel, Known, View};
use crate::evidence::claims::Kind;

/// A browser of that version sends `Sec-Fetch-*` with every request to a secure origin (Fetch Metadata, W3C), and no script can take
/// them away. WebSocket handshakes are left out: not every browser sends them there.
pub(super) fn fetch_metadata_missing(view: &View<'_>, claimed: Option<&Claimed<'_>>) -> Option<Finding> {
    let claimed = claimed.filter(|claimed| claimed.is_browser())?;
    let is_expected = view.channel == Channel::Secure
        && !view.sent.has("upgrade")
        && claimed.family?.fetch_metadata(claimed.version()) == Sends::Yes;
    (is_expected && !view.sent.has_fetch_metadata()).then(|| {
        let why = format!(
            "{} sends Sec-Fetch headers with every request, and none came",
            claimed.name()
        );
        Finding::new(Code::FetchMetadataMissing, why)
    })
}

/// Every browser sends `Accept-Encoding` and `Accept-Language` with all that it asks for, pages and their parts, in the clear too; of
/// tools hardly one sends both. A filter on the way may take one of them away. Apps that send their web view's User-Agent with requests
/// of their own are left out, and so are WebSocket handshakes: Safari up to 14, Internet Explorer and Android's old browser write those
/// without both.
pub(super) fn headers_missing(view: &View<'_>, claimed: Option<&Claimed<'_>>) -> Option<Finding> {
    let is_browser =
        claimed?.agent.kind == Kind::Browser && view.channel != Channel::Relayed && !view.sent.has("upgrade");
    let came = view.sent.has("accept-encoding") || view.sent.has("accept-language");
    (is_browser && !came).then(|| Code::HeadersMissing.into())
}

/// Each program writes its headers in an order of its own.
pub(super) fn order_family(view: &View<'_>, known: Known<'_>, claimed: Option<&Claimed<'_>>) -> Option<Finding> {
    let (order, protocol, claimed) = (seen(&view.order)?, seen(&view.protocol)?, claimed?);
    let navigation = view.sent.purpose().is_navigation();
    let names = || order.names();
    let fit = known
        .catalogue
        .order_fits(claimed.family?, protocol, navigation, names());
    (fit == Fit::Contradicts).then(|| {
        let why = format!(
            "the headers do not come in the order in which {} writes them",
            claimed.name()
        );
        Finding::new(Code::OrderFamily, why)
    })
}
