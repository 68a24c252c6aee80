//! A SYN taken apart, so that a test can do to it what a path, a setting or another stack would, and put together again.

use layerprint::wire::syn::Syn;

use crate::fixtures;

/// A SYN over IPv4 or IPv6 without IP options or extension headers.
#[derive(Clone)]
pub(crate) struct Draft {
    ip: Vec<u8>,
    tcp: Vec<u8>,
    /// Each option, kind and length included; NOPs alone.
    options: Vec<Vec<u8>>,
}

impl Draft {
    pub(crate) fn of(name: &str) -> Self {
        let bytes = fixtures::bytes(name);
        let at = if bytes[0] >> 4 == 4 { 20 } else { 40 };
        assert!(at == 40 || bytes[0] == 0x45, "{name} has IP options");
        let mut options = Vec::new();
        let mut rest = &bytes[at + 20..];
        while let Some(kind) = rest.first() {
            let length = match kind {
                0 => rest.len(),
                1 => 1,
                _ => usize::from(rest[1]),
            };
            options.push(rest[..length].to_vec());
            rest = &rest[length..];
        }
        Self {
            ip: bytes[..at].to_vec(),
            tcp: bytes[at..at + 20].to_vec(),
            options,
        }
    }

    fn is_v4(&self) -> bool {
        self.ip.len() == 20
    }

    pub(crate) fn ttl(mut self, ttl: u8) -> Self {
        let at = if self.is_v4() { 8 } else { 7 };
        self.ip[at] = ttl;
        self
    }

    /// Passes `hops` routers.
    pub(crate) fn after(self, hops: u8) -> Self {
        let at = if self.is_v4() { 8 } else { 7 };
        let left = self.ip[at] - hops;
        self.ttl(left)
    }

    pub(crate) fn mss(mut self, mss: u16) -> Self {
        let option = self.options.iter_mut().find(|option| option[0] == 2).unwrap();
        option[2..].copy_from_slice(&mss.to_be_bytes());
        self
    }

    pub(crate) fn window(mut self, window: u16) -> Self {
        self.tcp[14..16].copy_from_slice(&window.to_be_bytes());
        self
    }

    pub(crate) fn scale(mut self, scale: u8) -> Self {
        self.options.iter_mut().find(|option| option[0] == 3).unwrap()[2] = scale;
        self
    }

    pub(crate) fn dont_fragment(mut self, is_set: bool) -> Self {
        self.ip[6] = if is_set { 0x40 } else { 0 };
        self
    }

    pub(crate) fn asking_for_ecn(mut self) -> Self {
        self.tcp[13] |= 0xc0;
        self
    }

    /// Overwrites the option with NOPs, as firewalls do that take one out.
    pub(crate) fn with_nops_for(mut self, kind: u8) -> Self {
        self.options = self
            .options
            .into_iter()
            .flat_map(|option| match option[0] == kind {
                true => vec![vec![1]; option.len()],
                false => vec![option],
            })
            .collect();
        self
    }

    pub(crate) fn ending_with(mut self, option: &[u8]) -> Self {
        self.options.push(option.to_vec());
        self
    }

    pub(crate) fn options(mut self, options: &[&[u8]]) -> Self {
        self.options = options.iter().map(|option| option.to_vec()).collect();
        self
    }

    /// Another connection of the same host: ports, addresses, sequence number, identification or flow label, clock.
    pub(crate) fn of_another_connection(mut self, random: &[u8; 32]) -> Self {
        self.tcp[..8].copy_from_slice(&random[..8]);
        if self.is_v4() {
            self.ip[4..6].copy_from_slice(&random[8..10]);
            self.ip[12..].copy_from_slice(&random[10..18]);
        } else {
            self.ip[2..4].copy_from_slice(&random[8..10]);
            self.ip[8..24].copy_from_slice(&random[..16]);
            self.ip[24..].copy_from_slice(&random[16..]);
        }
        for option in self.options.iter_mut().filter(|option| option[0] == 8) {
            option[2..].copy_from_slice(&random[18..26]);
        }
        self
    }

    pub(crate) fn syn(&self) -> Syn {
        let mut options = self.options.concat();
        options.resize(options.len().next_multiple_of(4), 0);
        let mut bytes = self.ip.clone();
        let segment = u16::try_from(20 + options.len()).unwrap();
        match self.is_v4() {
            true => bytes[2..4].copy_from_slice(&(20 + segment).to_be_bytes()),
            false => bytes[4..6].copy_from_slice(&segment.to_be_bytes()),
        }
        bytes.extend(&self.tcp);
        let at = self.ip.len() + 12;
        bytes[at] = bytes[at] & 0x0f | u8::try_from(segment / 4).unwrap() << 4;
        bytes.extend(options);
        Syn::parse(&bytes).unwrap()
    }
}
