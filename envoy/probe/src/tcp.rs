//! What the kernel knows of a TCP connection: the socket options that are read, and what their bytes mean.

/// `IPPROTO_TCP`: the level of the options below.
pub(crate) const LEVEL: i64 = 6;
/// `TCP_INFO`: a `struct tcp_info` (linux/tcp.h), as much of it as fits.
pub(crate) const INFO: i64 = 11;
/// `TCP_SAVED_SYN`: IP header (extension headers included), TCP header and options. Only where the listener has
/// `TCP_SAVE_SYN`, and only once: reading frees it.
pub(crate) const SAVED_SYN: i64 = 28;

/// The most that is read of a SYN, in bytes. It fits whatever an Ethernet link carries; a larger one stays where it is.
pub(crate) const MAX_SYN: usize = 2048;
/// How much of `struct tcp_info` is read: up to and with `tcpi_rtt`, which is older than any kernel Envoy runs on.
pub(crate) const INFO_UP_TO_RTT: usize = 72;

/// `tcpi_rtt` of a `struct tcp_info`: the smoothed round-trip time in µs. `None` where the kernel has measured none,
/// which it shows as 0.
pub(crate) fn rtt_us(info: &[u8]) -> Option<u32> {
    let (_, rtt) = info.get(..INFO_UP_TO_RTT)?.split_last_chunk::<4>()?;
    Some(u32::from_ne_bytes(*rtt)).filter(|rtt| *rtt != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_round_trip_time_is_the_last_number_read() {
        let mut info = [0xff; 104];
        info[68..72].copy_from_slice(&1234_u32.to_ne_bytes());
        assert_eq!(rtt_us(&info), Some(1234));
        assert_eq!(rtt_us(&info[..72]), Some(1234));
    }

    #[test]
    fn none_is_made_up() {
        assert_eq!(rtt_us(&[0; 72]), None, "not measured");
        assert_eq!(rtt_us(&[1; 71]), None, "cut off");
        assert_eq!(rtt_us(&[]), None);
    }
}
