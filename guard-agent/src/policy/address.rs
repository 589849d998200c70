//! Endpoints as policy files write them: addresses, networks and port ranges.

use guard_common::abi::policy::{Endpoint, NONE};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;
use zerocopy::FromZeros;

/// Bits of an IPv6 address that stand before a v4-mapped IPv4 address.
const MAPPED_BITS: u32 = 96;

/// Addresses and ports; IPv4 is held as v4-mapped IPv6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    net: u128,
    prefix: u32,
    port_first: u16,
    port_last: u16,
}

/// One endpoint of a policy file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listen {
    /// TCP or UDP over IP; `localhost` is two ranges.
    Ip(Vec<Range>),
    /// A Unix socket by its path.
    Unix(PathBuf),
}

/// Why a text is not an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// No port.
    #[error("`{0}` names no port")]
    NoPort(String),
    /// Neither an address nor `localhost`.
    #[error("`{0}` is a host name; a policy holds addresses")]
    HostName(String),
    /// A prefix length that does not fit the address.
    #[error("`/{0}` is not a prefix length of this address")]
    Prefix(String),
    /// Bits behind the prefix.
    #[error("`{0}` has bits set behind its prefix length")]
    HostBits(String),
    /// Not a port, or an empty range.
    #[error("`{0}` is not a port or a range of ports")]
    Port(String),
    /// An IPv6 address without brackets.
    #[error("the IPv6 address in `{0}` needs brackets")]
    Brackets(String),
    /// A Unix path that is not absolute.
    #[error("`{0}` is not an absolute path")]
    Path(String),
}

impl AddressError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match self {
            Self::NoPort(_) => {
                "write ADDRESS:PORT, such as 127.0.0.1:5432, or ADDRESS:* for all ports"
            }
            Self::HostName(_) => {
                "names change their addresses while the kernel compares addresses: look it up \
                 (`getent ahosts NAME`) and list each address, or a network such as 10.0.0.0/8:5432; \
                 only `localhost` is known"
            }
            Self::Prefix(_) => "0 to 32 for IPv4, 0 to 128 for IPv6",
            Self::HostBits(_) => "write the first address of the network, such as 10.0.0.0/8",
            Self::Port(_) => "a number from 1 to 65535, a range such as 5432-5440, or `*`",
            Self::Brackets(_) => "write [::1]:5432, or [fd00::/8]:5432 for a network",
            Self::Path(_) => "write unix:/run/postgresql/.s.PGSQL.5432",
        }
    }
}

/// Reads `ADDR:PORT`, `ADDR/BITS:PORTS`, `[V6]:PORT`, `localhost:PORT`,
/// `*:PORT` or `unix:/PATH`.
pub fn parse(text: &str) -> Result<Listen, AddressError> {
    if let Some(path) = text.strip_prefix("unix:") {
        return if path.starts_with('/') {
            Ok(Listen::Unix(path.into()))
        } else {
            Err(AddressError::Path(path.to_owned()))
        };
    }
    let (host, ports) = split(text)?;
    let (port_first, port_last) = parse_ports(ports)?;
    let range = |net, prefix| Range {
        net,
        prefix,
        port_first,
        port_last,
    };
    if host.eq_ignore_ascii_case("localhost") {
        return Ok(Listen::Ip(vec![
            range(bits(Ipv4Addr::LOCALHOST.into()), 128),
            range(bits(Ipv6Addr::LOCALHOST.into()), 128),
        ]));
    }
    if host == "*" {
        return Ok(Listen::Ip(vec![range(0, 0)]));
    }
    let (net, prefix) = parse_network(host)?;
    Ok(Listen::Ip(vec![range(net, prefix)]))
}

fn split(text: &str) -> Result<(&str, &str), AddressError> {
    if let Some(rest) = text.strip_prefix('[') {
        let (host, ports) = rest
            .split_once(']')
            .ok_or_else(|| AddressError::Brackets(text.to_owned()))?;
        let ports = ports
            .strip_prefix(':')
            .ok_or_else(|| AddressError::NoPort(text.to_owned()))?;
        return Ok((host, ports));
    }
    let (host, ports) = text
        .rsplit_once(':')
        .ok_or_else(|| AddressError::NoPort(text.to_owned()))?;
    if host.contains(':') {
        return Err(AddressError::Brackets(text.to_owned()));
    }
    Ok((host, ports))
}

fn parse_ports(text: &str) -> Result<(u16, u16), AddressError> {
    if text == "*" {
        return Ok((0, u16::MAX));
    }
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    match (first.parse::<u16>(), last.parse::<u16>()) {
        (Ok(first), Ok(last)) if 0 < first && first <= last => Ok((first, last)),
        _ => Err(AddressError::Port(text.to_owned())),
    }
}

fn parse_network(text: &str) -> Result<(u128, u32), AddressError> {
    let (host, length) = match text.split_once('/') {
        Some((host, length)) => (host, Some(length)),
        None => (text, None),
    };
    let Ok(address) = host.parse::<IpAddr>() else {
        return Err(AddressError::HostName(host.to_owned()));
    };
    let offset = if address.is_ipv4() { MAPPED_BITS } else { 0 };
    let prefix = match length {
        None => 128,
        Some(length) => length
            .parse::<u32>()
            .ok()
            .map(|length| length.saturating_add(offset))
            .filter(|prefix| *prefix <= 128)
            .ok_or_else(|| AddressError::Prefix(length.to_owned()))?,
    };
    let net = bits(address);
    if net & !mask(prefix) != 0 {
        return Err(AddressError::HostBits(text.to_owned()));
    }
    Ok((net, prefix))
}

/// An address as a number; IPv4 becomes v4-mapped IPv6.
fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

fn mask(prefix: u32) -> u128 {
    match 128 - prefix.min(128) {
        128 => 0,
        zeros => u128::MAX << zeros,
    }
}

impl Range {
    /// Tells whether an address lies in the range.
    #[must_use]
    pub fn contains(&self, address: IpAddr, port: u16) -> bool {
        bits(address) & mask(self.prefix) == self.net
            && (self.port_first..=self.port_last).contains(&port)
    }

    /// How narrow the range is: the narrowest that holds an address counts.
    #[must_use]
    pub fn narrowness(&self) -> (u32, std::cmp::Reverse<u16>) {
        (
            self.prefix,
            std::cmp::Reverse(self.port_last - self.port_first),
        )
    }

    /// Tells whether two ranges share an address and neither is narrower.
    #[must_use]
    pub fn is_ambiguous_with(&self, other: &Self) -> bool {
        let common = mask(self.prefix.min(other.prefix));
        self.net & common == other.net & common
            && self.port_first <= other.port_last
            && other.port_first <= self.port_last
            && self.narrowness() == other.narrowness()
    }

    /// Tells whether every address of the range is on this host.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        let v4 = bits(Ipv4Addr::new(127, 0, 0, 0).into());
        let v6 = bits(Ipv6Addr::LOCALHOST.into());
        (self.prefix >= MAPPED_BITS + 8 && self.net & mask(MAPPED_BITS + 8) == v4)
            || (self.prefix == 128 && self.net == v6)
    }

    /// The entry of the kernel's table, without owner.
    #[must_use]
    pub fn entry(&self) -> Endpoint {
        let mask = mask(self.prefix);
        Endpoint {
            net: halves(self.net),
            mask: halves(mask),
            port_first: self.port_first,
            port_last: self.port_last,
            dataset: NONE,
            rule: NONE,
            ..Endpoint::new_zeroed()
        }
    }
}

fn halves(number: u128) -> [u64; 2] {
    [(number >> 64) as u64, number as u64]
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = Ipv6Addr::from_bits(self.net);
        match address.to_ipv4_mapped() {
            _ if self.prefix == 0 => write!(f, "*")?,
            Some(v4) if self.prefix == 128 => write!(f, "{v4}")?,
            Some(v4) if self.prefix >= MAPPED_BITS => {
                write!(f, "{v4}/{}", self.prefix - MAPPED_BITS)?;
            }
            _ if self.prefix == 128 => write!(f, "[{address}]")?,
            _ => write!(f, "[{address}/{}]", self.prefix)?,
        }
        match (self.port_first, self.port_last) {
            (0, u16::MAX) => write!(f, ":*"),
            (first, last) if first == last => write!(f, ":{first}"),
            (first, last) => write!(f, ":{first}-{last}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn ranges(text: &str) -> Vec<Range> {
        match parse(text) {
            Ok(Listen::Ip(ranges)) => ranges,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn an_endpoint_is_shown_as_it_was_written() {
        for text in [
            "127.0.0.1:5432",
            "[::1]:5432",
            "10.0.0.0/8:5432",
            "[fd00::/8]:5432-5440",
            "*:25",
            "192.0.2.7:*",
        ] {
            assert_eq!(ranges(text)[0].to_string(), text);
        }
    }

    #[test]
    fn localhost_is_both_families_and_nothing_else() {
        let both = ranges("localhost:5432");
        let holds = |ip: &str| {
            both.iter()
                .any(|r| r.contains(ip.parse().expect("ip"), 5432))
        };
        assert!(holds("127.0.0.1") && holds("::1") && holds("::ffff:127.0.0.1"));
        assert!(!holds("127.0.0.2") && !holds("::2"));
    }

    #[test]
    fn a_network_holds_its_addresses_and_ports_only() {
        let net = ranges("10.0.0.0/8:5432-5440")[0];
        let ip = |text: &str| text.parse::<IpAddr>().expect("ip");
        assert!(net.contains(ip("10.255.0.1"), 5440));
        assert!(net.contains(ip("::ffff:10.1.1.1"), 5432));
        assert!(!net.contains(ip("11.0.0.1"), 5432));
        assert!(!net.contains(ip("10.0.0.1"), 5441));
    }

    #[test]
    fn only_ranges_of_the_same_width_are_ambiguous() {
        for (one, other, expected) in [
            ("10.0.0.1:5432", "10.0.0.1:5432", true),
            ("10.0.0.1:5432", "10.0.0.0/8:5432", false),
            ("10.0.0.1:5432", "10.0.0.1:5432-5440", false),
            ("10.0.0.1:5430-5433", "10.0.0.1:5432-5435", true),
            ("10.0.0.1:1", "10.0.0.2:1", false),
        ] {
            let (one, other) = (ranges(one)[0], ranges(other)[0]);
            assert_eq!(one.is_ambiguous_with(&other), expected, "{one} {other}");
        }
    }

    #[test]
    fn only_addresses_of_this_host_are_loopback() {
        for (text, expected) in [
            ("127.0.0.1:1", true),
            ("127.0.0.0/8:1", true),
            ("[::1]:1", true),
            ("126.0.0.0/7:1", false),
            ("10.0.0.1:1", false),
            ("[::/127]:1", false),
            ("*:1", false),
        ] {
            assert_eq!(ranges(text)[0].is_loopback(), expected, "{text}");
        }
    }

    #[test]
    fn a_wrong_endpoint_says_what_is_wrong() {
        for (text, expected) in [
            ("127.0.0.1", "names no port"),
            ("db.example.com:5432", "is a host name"),
            ("10.0.0.0/33:1", "prefix length"),
            ("10.0.0.1/8:1", "bits set behind"),
            ("10.0.0.1:0", "not a port"),
            ("10.0.0.1:9-1", "not a port"),
            ("10.0.0.1:70000", "not a port"),
            ("::1:5432", "needs brackets"),
            ("[::1]", "names no port"),
            ("[::1", "needs brackets"),
            ("unix:relative", "not an absolute path"),
            ("", "names no port"),
        ] {
            let error = parse(text).expect_err(text);
            assert!(error.to_string().contains(expected), "{text}: {error}");
            assert!(!error.help().is_empty());
        }
    }
}
