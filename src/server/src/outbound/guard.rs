//! Which addresses webhooks may reach: only the public Internet, unless the operator allows more.

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;
use url::{Host, Url};

const fn v4(a: u8, b: u8, c: u8, d: u8, length: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), length)
}

const fn v6(a: u16, b: u16, length: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, 0, 0, 0, 0, 0, 0), length)
}

/// How long resolving a host name may take when a URL is checked.
const LOOKUP: Duration = Duration::from_secs(2);

/// What is not globally reachable, by IANA's IPv4 Special-Purpose Address Registry (RFC 6890), with
/// multicast and what is reserved.
const SPECIAL_V4: [Ipv4Net; 16] = [
    v4(0, 0, 0, 0, 8),
    v4(10, 0, 0, 0, 8),
    v4(100, 64, 0, 0, 10),
    v4(127, 0, 0, 0, 8),
    // Azure's platform, on every virtual machine:
    // <https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16>.
    v4(168, 63, 129, 16, 32),
    v4(169, 254, 0, 0, 16),
    v4(172, 16, 0, 0, 12),
    v4(192, 0, 0, 0, 24),
    v4(192, 0, 2, 0, 24),
    v4(192, 88, 99, 0, 24),
    v4(192, 168, 0, 0, 16),
    v4(198, 18, 0, 0, 15),
    v4(198, 51, 100, 0, 24),
    v4(203, 0, 113, 0, 24),
    v4(224, 0, 0, 0, 4),
    v4(240, 0, 0, 0, 4),
];

/// Global unicast (RFC 4291): whatever else is not for the Internet.
const GLOBAL_V6: Ipv6Net = v6(0x2000, 0, 3);

/// What of it is not: protocol assignments with Teredo, documentation, and 6to4, which has an IPv4
/// address inside.
const SPECIAL_V6: [Ipv6Net; 4] = [
    v6(0x2001, 0, 23),
    v6(0x2001, 0xdb8, 32),
    v6(0x2002, 0, 16),
    v6(0x3fff, 0, 20),
];

/// Which addresses deliveries may go to.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    /// Every address is allowed.
    pub allow_all: bool,
    /// Networks that are allowed beside the public Internet.
    pub allowed: Vec<IpNet>,
}

/// Why a URL is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It is not an HTTP URL.
    #[error("it must be an absolute http:// or https:// URL of at most 2048 characters")]
    NotHttp,
    /// The URL has a user or a password in it.
    #[error("it must not contain a user or a password")]
    Credentials,
    /// The guard does not allow this address.
    #[error(
        "{0} is not an address of the public Internet; the operator can allow it with \
         --webhook-allow-cidrs or --allow-private-webhooks"
    )]
    Address(IpAddr),
    /// The name stands for an address that the guard does not allow, or for none. It does not say which:
    /// the operator's network is nobody's to look up.
    #[error(
        "its host's name stands for no address of the public Internet; the operator can allow others with \
         --webhook-allow-cidrs or --allow-private-webhooks"
    )]
    Name,
}

impl Guard {
    /// Whether deliveries may go to this address. An IPv6 address that stands for an IPv4 one is
    /// taken for that.
    pub fn allows(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.allow_all
            || is_public(address)
            || self.allowed.iter().any(|net| net.contains(&address))
    }

    /// Checks a URL as it is written. Names are not resolved: see [`Guard::check_names`].
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self, text: &str) -> Result<Url, Refused> {
        let url = Url::parse(text).ok().filter(|_| text.len() <= 2_048);
        let url = url.filter(|url| matches!(url.scheme(), "http" | "https"));
        let url = url.ok_or(Refused::NotHttp)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Refused::Credentials);
        }
        let address = match url.host() {
            Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
            Some(Host::Domain(_)) => None,
            None => return Err(Refused::NotHttp),
        };
        match address.filter(|address| !self.allows(*address)) {
            Some(address) => Err(Refused::Address(address)),
            None => Ok(url),
        }
    }

    /// Checks what a URL's host stands for now. A name that cannot be resolved is let pass: it is
    /// checked again at every delivery.
    ///
    /// # Errors
    /// [`Refused::Name`].
    pub async fn check_names(&self, url: &Url) -> Result<(), Refused> {
        let Some(Host::Domain(name)) = url.host() else {
            return Ok(());
        };
        let port = url.port_or_known_default().unwrap_or(443);
        let found = tokio::net::lookup_host((name.to_owned(), port));
        let found = tokio::time::timeout(LOOKUP, found).await;
        let Ok(Ok(mut found)) = found else {
            return Ok(());
        };
        match found.all(|address| self.allows(address.ip())) {
            true => Ok(()),
            false => Err(Refused::Name),
        }
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !SPECIAL_V4.iter().any(|net| net.contains(&address)),
        IpAddr::V6(address) => {
            GLOBAL_V6.contains(&address) && !SPECIAL_V6.iter().any(|net| net.contains(&address))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_public_internet_is_let_through() {
        let guard = Guard::default();
        for url in [
            "https://1.1.1.1/hook",
            "http://[2606:4700:4700::1111]:8443/x",
            "https://[::ffff:8.8.8.8]/",
            "https://hooks.example.com/a?b=c",
        ] {
            assert!(guard.check(url).is_ok(), "{url}");
        }
        for url in [
            "http://127.0.0.1/",
            "http://127.1/",
            "http://2130706433/",
            "http://0x7f.0.0.1/",
            "http://0177.0.0.1/",
            "http://0.0.0.0/",
            "http://10.1.2.3/",
            "http://168.63.129.16/machine",
            "http://100.64.0.1/",
            "http://169.254.169.254/latest/meta-data",
            "http://172.31.255.255/",
            "http://192.168.0.1/",
            "http://198.18.0.1/",
            "http://224.0.0.1/",
            "http://255.255.255.255/",
            "http://[::]/",
            "http://[::1]/",
            "http://[::ffff:127.0.0.1]/",
            "http://[::ffff:a9fe:a9fe]/",
            "http://[64:ff9b::7f00:1]/",
            "http://[fc00::1]/",
            "http://[fe80::1]/",
            "http://[ff02::1]/",
            "http://[2001::1]/",
            "http://[2001:db8::1]/",
            "http://[2002:7f00:1::]/",
        ] {
            assert!(
                matches!(guard.check(url), Err(Refused::Address(_))),
                "{url}"
            );
        }
        for url in ["ftp://1.1.1.1/", "file:///etc/passwd", "hook", ""] {
            assert_eq!(guard.check(url), Err(Refused::NotHttp), "{url}");
        }
        let url = "https://user:pass@example.com/";
        assert_eq!(guard.check(url), Err(Refused::Credentials));
    }

    #[test]
    fn the_operator_can_allow_networks() {
        let guard = Guard {
            allow_all: false,
            allowed: vec!["10.0.0.0/8".parse().unwrap()],
        };
        assert!(guard.allows("10.2.3.4".parse().unwrap()));
        assert!(guard.allows("::ffff:10.2.3.4".parse().unwrap()));
        assert!(!guard.allows("192.168.0.1".parse().unwrap()));
        let guard = Guard {
            allow_all: true,
            allowed: Vec::new(),
        };
        assert!(guard.allows("127.0.0.1".parse().unwrap()));
    }
}
