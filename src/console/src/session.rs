//! Who is logged in: a random token in a cookie, and its digest in the database, so that all replicas of the
//! service know it and the database alone lets nobody in.

use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Uri};
use paddock_core::ids::KeyDigest;
use paddock_core::secret;
use paddock_ledger::ids;
use paddock_ledger::store::StoreError;
use paddock_ledger::store::sessions::{self, Session};
use paddock_server::http::author::client_address;
use paddock_server::state::App;
use std::time::Duration;
use url::Url;

/// How long somebody is logged in.
const LENGTH: Duration = Duration::from_secs(12 * 3_600);
/// Logins of one key at once: the oldest ends.
const MOST: u64 = 20;
/// The cookie's name where the console is reached by https: browsers send it to this host alone
/// (<https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Set-Cookie#cookie_prefixes>).
const SECURE_COOKIE: &str = "__Host-paddock";
/// The same on this machine by http.
const LOCAL_COOKIE: &str = "paddock-console";
/// The field that each form has its login's token in.
pub const TOKEN_FIELD: &str = "form_token";
/// Longest user agent kept.
const MAX_TEXT: usize = 512;

/// What the browser has.
#[derive(Clone)]
pub struct Token(String);

impl Token {
    /// That of a request's cookie. The cookie of local http counts on this machine alone: another host of the
    /// same domain could set one of that name, and so log somebody in as somebody else.
    pub fn of(headers: &HeaderMap, uri: &Uri) -> Option<Token> {
        let is_local = host(headers, uri, "http").is_some_and(|host| is_of_this_machine(&host));
        let cookies = headers.get_all("cookie").iter();
        let cookies = cookies.filter_map(|value| value.to_str().ok());
        let mut pairs = cookies.flat_map(|value| value.split(';'));
        let token = pairs.find_map(|pair| {
            let (name, value) = pair.trim().split_once('=')?;
            let is_ours = name == SECURE_COOKIE || name == LOCAL_COOKIE && is_local;
            is_ours.then_some(value)
        })?;
        let is_token = token.len() == 64 && token.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_token.then(|| Token(token.to_owned()))
    }

    fn digest(&self) -> KeyDigest {
        secret::digest(self.0.as_bytes())
    }

    /// What each form of this login has in it.
    pub fn form_token(&self) -> String {
        secret::digest(format!("form:{}", self.0).as_bytes()).to_hex()
    }
}

/// The address of the host that was asked.
fn host(headers: &HeaderMap, uri: &Uri, scheme: &str) -> Option<Url> {
    let header = headers.get("host").and_then(|value| value.to_str().ok());
    // HTTP/2 has it in the address.
    let host = uri.authority().map(Authority::as_str).or(header)?;
    Url::parse(&format!("{scheme}://{host}")).ok()
}

fn is_of_this_machine(address: &Url) -> bool {
    matches!(
        address.host_str(),
        Some("127.0.0.1" | "localhost" | "[::1]")
    )
}

/// How the browser reached the console.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// By https.
    Secure,
    /// By http, on this machine.
    Local,
}

impl Way {
    /// By what the browser says of where the form is from, which must be this host.
    pub fn of(headers: &HeaderMap, uri: &Uri) -> Option<Way> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let origin = Url::parse(text("origin")?).ok()?;
        let host = host(headers, uri, origin.scheme())?;
        if origin.origin() != host.origin()
            || text("sec-fetch-site").is_some_and(|site| site != "same-origin")
        {
            return None;
        }
        match origin.scheme() {
            "https" => Some(Way::Secure),
            "http" if is_of_this_machine(&origin) => Some(Way::Local),
            _ => None,
        }
    }

    fn cookie(self, value: &str, age: u64) -> String {
        let (name, secure) = match self {
            Way::Secure => (SECURE_COOKIE, "; Secure"),
            Way::Local => (LOCAL_COOKIE, ""),
        };
        format!("{name}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={age}{secure}")
    }

    /// The cookie that takes the token away again.
    pub fn without_cookie(self) -> String {
        self.cookie("", 0)
    }
}

/// Logs somebody in who has shown a key; the cookie. `owner` is the key's id, or `operator` and a name.
///
/// # Errors
/// If the database does not answer.
pub async fn begin(
    app: &App,
    parts: &Parts,
    way: Way,
    owner: String,
    key: &str,
) -> Result<String, StoreError> {
    let token = Token(ids::session_token());
    let now = app.now();
    let agent = parts.headers.get("user-agent");
    let agent = agent.and_then(|agent| agent.to_str().ok());
    let session = Session {
        id: token.digest(),
        owner,
        key_digest: secret::digest(key.as_bytes()),
        created_at: now,
        expires_at: now.plus(LENGTH),
        client_address: client_address(app, parts),
        user_agent: agent.unwrap_or_default().chars().take(MAX_TEXT).collect(),
    };
    let mut tx = app.store.write().await?;
    sessions::insert(&mut tx, &session, MOST, now).await?;
    tx.commit().await?;
    Ok(way.cookie(&token.0, LENGTH.as_secs()))
}

/// The login of a token, unless it has ended.
///
/// # Errors
/// If the database does not answer.
pub async fn find(app: &App, token: &Token) -> Result<Option<Session>, StoreError> {
    let mut tx = app.store.read().await?;
    sessions::find(&mut tx, &token.digest(), app.now()).await
}

/// All logins of an owner.
///
/// # Errors
/// If the database does not answer.
pub async fn all(app: &App, owner: &str) -> Result<Vec<Session>, StoreError> {
    let mut tx = app.store.read().await?;
    sessions::of_owner(&mut tx, owner, app.now()).await
}

/// Ends one login, or all of its owner's.
///
/// # Errors
/// If the database does not answer.
pub async fn end(app: &App, session: &Session, everywhere: bool) -> Result<(), StoreError> {
    let mut tx = app.store.write().await?;
    match everywhere {
        true => {
            sessions::delete_of_owner(&mut tx, &session.owner).await?;
        }
        false => sessions::delete(&mut tx, &session.id).await?,
    }
    tx.commit().await
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pairs = pairs.iter();
        pairs
            .map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn a_form_must_be_from_this_host() {
        let way = |origin, host| {
            Way::of(
                &headers(&[("origin", origin), ("host", host)]),
                &Uri::from_static("/console/login"),
            )
        };
        assert_eq!(way("https://a.example", "a.example"), Some(Way::Secure));
        assert_eq!(way("https://a.example", "a.example:443"), Some(Way::Secure));
        assert_eq!(
            way("http://127.0.0.1:10000", "127.0.0.1:10000"),
            Some(Way::Local)
        );
        assert_eq!(way("http://[::1]:1", "[::1]:1"), Some(Way::Local));
        for (origin, host) in [
            ("https://b.example", "a.example"),
            ("http://127.0.0.1:1", "127.0.0.1:2"),
            ("http://a.example", "a.example"),
            ("null", "a.example"),
        ] {
            assert_eq!(way(origin, host), None, "{origin}");
        }
        let second = headers(&[("origin", "https://a.example")]);
        let uri = Uri::from_static("https://a.example/console/login");
        assert_eq!(Way::of(&second, &uri), Some(Way::Secure));
        let cross = [
            ("origin", "https://a.example"),
            ("host", "a.example"),
            ("sec-fetch-site", "cross-site"),
        ];
        assert_eq!(Way::of(&headers(&cross), &Uri::from_static("/")), None);
    }

    #[test]
    fn a_token_is_64_hex_digits_in_a_cookie_of_the_consoles() {
        let token = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
        let of = |host: &'static str, cookie: String| {
            let mut headers = headers(&[("host", host)]);
            headers.insert("cookie", cookie.parse().unwrap());
            Token::of(&headers, &Uri::from_static("/console/")).map(|token| token.0)
        };
        let secure = format!("a=b; {SECURE_COOKIE}={token}");
        let local = format!("{LOCAL_COOKIE}={token}");
        assert_eq!(of("a.example", secure.clone()).as_deref(), Some(token));
        for host in ["127.0.0.1:10000", "localhost", "[::1]:1"] {
            assert_eq!(of(host, local.clone()).as_deref(), Some(token), "{host}");
            assert_eq!(of(host, secure.clone()).as_deref(), Some(token), "{host}");
        }
        assert_eq!(of("a.example", local.clone()), None, "set by another host");
        let both = format!("{local}; {secure}");
        assert_eq!(
            of("a.example", both.replacen("01", "ff", 1)).as_deref(),
            Some(token)
        );
        assert_eq!(of("localhost", format!("other={token}")), None);
        assert_eq!(of("localhost", format!("{local}0")), None);
        assert_ne!(
            Token(token.to_owned()).form_token(),
            Token(token.to_owned()).digest().to_hex()
        );
    }
}
