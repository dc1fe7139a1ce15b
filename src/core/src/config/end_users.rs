//! Who the end user of a request is: where it says so, and which part of what it says.

use super::identity::is_header_name;
use serde::Deserialize;
use std::borrow::Cow;

/// The word for the field of the body: `user`, `safety_identifier` or `metadata.user_id`.
const BODY: &str = "body";
/// The most places that are looked at.
const MOST_PLACES: usize = 4;

/// Which part of what Claude Code says of its user names the user. It says of each request which
/// device, account and session it comes from, and a person begins many sessions a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClaudeCodeUser {
    /// The account; the device, if there is no account.
    #[default]
    Account,
    /// The device.
    Device,
    /// All of it, so that each session is a user of its own.
    Whole,
}

/// Where a request names its end user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndUsers {
    /// The headers that go before the body, in lower case, in their order.
    before_body: Vec<String>,
    /// Whether the body is looked at.
    in_body: bool,
    /// The headers that are looked at where the body names nobody.
    after_body: Vec<String>,
    claude_code: ClaudeCodeUser,
}

/// What an operator writes as `end_users`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawEndUsers {
    #[serde(default = "default_places")]
    named_by: Vec<String>,
    #[serde(default)]
    claude_code: ClaudeCodeUser,
}

fn default_places() -> Vec<String> {
    [BODY, "x-user"].map(str::to_owned).to_vec()
}

impl Default for RawEndUsers {
    fn default() -> Self {
        RawEndUsers {
            named_by: default_places(),
            claude_code: ClaudeCodeUser::default(),
        }
    }
}

impl RawEndUsers {
    pub(super) fn validate(self, problems: &mut Vec<String>) -> EndUsers {
        let places: Vec<String> = self
            .named_by
            .iter()
            .map(|place| place.to_ascii_lowercase())
            .collect();
        if places.is_empty() || places.len() > MOST_PLACES {
            problems.push(format!(
                "end_users.named_by must have 1 to {MOST_PLACES} entries: `body`, or names of headers"
            ));
        }
        for (at, place) in places.iter().enumerate() {
            if !is_header_name(place) {
                problems.push(format!(
                    "end_users.named_by: `{place}` is neither `body` nor a header's name"
                ));
            }
            if places.iter().take(at).any(|other| other == place) {
                problems.push(format!("end_users.named_by: `{place}` is there twice"));
            }
        }
        let mut places = places.into_iter();
        let before_body = places.by_ref().take_while(|place| place != BODY).collect();
        EndUsers {
            before_body,
            in_body: self
                .named_by
                .iter()
                .any(|place| place.eq_ignore_ascii_case(BODY)),
            after_body: places.collect(),
            claude_code: self.claude_code,
        }
    }
}

impl Default for EndUsers {
    fn default() -> Self {
        RawEndUsers::default().validate(&mut Vec::new())
    }
}

impl EndUsers {
    /// The headers that may name the user, the most trusted first; each with whether it goes before
    /// the body.
    pub fn headers(&self) -> impl Iterator<Item = (&str, bool)> {
        let before = self.before_body.iter().map(|name| (name.as_str(), true));
        let after = self.after_body.iter().map(|name| (name.as_str(), false));
        before.chain(after)
    }

    /// Whether a header, in lower case, is one that the operator chose to name the user, or one that
    /// some software takes for it. `x-user` is kept from upstreams in any case.
    pub fn is_own_header(&self, name: &str) -> bool {
        let same = |own: &str| {
            let bytes = own.bytes().zip(name.bytes());
            own.len() == name.len()
                && bytes.fold(true, |same, (a, b)| {
                    same && (a == b || (a == b'-' && b == b'_'))
                })
        };
        self.headers().any(|(own, _)| own != "x-user" && same(own))
    }

    /// Whether the body may name the user.
    pub const fn in_body(&self) -> bool {
        self.in_body
    }

    /// The part of `named` that names the user.
    ///
    /// Claude Code writes `user_DEVICE_account_ACCOUNT_session_SESSION`, and since its version 2
    /// `{"device_id":…,"account_uuid":…,"session_id":…}` as a text; the account is empty if it has
    /// only a key. Of anything else the whole names the user.
    pub fn user<'u>(&self, named: &'u str) -> Cow<'u, str> {
        let whole = || Cow::Borrowed(named);
        let part = match self.claude_code {
            ClaudeCodeUser::Whole => return whole(),
            part => part,
        };
        let Some(ClaudeCode { device, account }) = ClaudeCode::read(named) else {
            return whole();
        };
        match part {
            ClaudeCodeUser::Account if !account.is_empty() => account,
            _ if !device.is_empty() => device,
            _ => whole(),
        }
    }
}

/// What Claude Code says of its user.
struct ClaudeCode<'u> {
    device: Cow<'u, str>,
    account: Cow<'u, str>,
}

#[derive(Deserialize)]
struct Json<'u> {
    #[serde(borrow, default)]
    device_id: Cow<'u, str>,
    #[serde(borrow, default)]
    account_uuid: Cow<'u, str>,
    #[serde(borrow)]
    session_id: Cow<'u, str>,
}

impl<'u> ClaudeCode<'u> {
    fn read(named: &'u str) -> Option<ClaudeCode<'u>> {
        if named.starts_with('{') {
            let json: Json<'u> = serde_json::from_slice(named.as_bytes()).ok()?;
            let _: Cow<'u, str> = json.session_id;
            return Some(ClaudeCode {
                device: json.device_id,
                account: json.account_uuid,
            });
        }
        let (device, rest) = named.strip_prefix("user_")?.split_once("_account_")?;
        let (account, _) = rest.split_once("_session_").or_else(|| {
            // Without an account the underscores around it meet.
            Some(("", rest.strip_prefix("session_")?))
        })?;
        Some(ClaudeCode {
            device: Cow::Borrowed(device),
            account: Cow::Borrowed(account),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use proptest::prelude::*;

    fn parse(end_users: &str) -> Result<EndUsers, String> {
        let text = format!(r#"{{"accounting":{{"cluster":"c"}},"end_users":{end_users}}}"#);
        let config = Config::parse(text.as_bytes());
        config
            .map(|config| config.end_users)
            .map_err(|problems| problems.join("; "))
    }

    #[test]
    fn claude_codes_user_is_its_account_and_never_its_session() {
        let of = |part: &str, named: &str| {
            let end_users = parse(&format!(r#"{{"claude_code":"{part}"}}"#)).unwrap();
            end_users.user(named).into_owned()
        };
        let json = |device: &str, account: &str, session: &str| {
            format!(
                r#"{{"device_id":"{device}","account_uuid":"{account}","session_id":"{session}"}}"#
            )
        };
        for (named, account, device) in [
            ("user_h_account_a_session_1".to_owned(), "a", "h"),
            ("user_h_account__session_1".to_owned(), "h", "h"),
            ("user_h_account_session_1".to_owned(), "h", "h"),
            (json("d1", "a1", "s1"), "a1", "d1"),
            (json("d1", "", "s1"), "d1", "d1"),
            (json("d\\u0031", "a\\u0031", "s1"), "a1", "d1"),
            (
                r#"{ "session_id":"s", "device_id":"d", "new":[1] }"#.to_owned(),
                "d",
                "d",
            ),
        ] {
            assert_eq!(of("account", &named), account, "{named}");
            assert_eq!(of("device", &named), device, "{named}");
            assert_eq!(of("whole", &named), named);
            assert_eq!(EndUsers::default().user(&named), account, "the default");
        }
        for plain in [
            "alice",
            "user_1",
            "user_a_account_b",
            "{alice}",
            r#"{"account_uuid":"a"}"#,
            r#"{"device_id":1,"session_id":"s"}"#,
            r#"{"session_id":"s"}"#,
            "user__account__session_",
            "",
        ] {
            assert_eq!(of("account", plain), plain);
        }
    }

    #[test]
    fn places_are_in_the_operators_order() {
        let of = |named_by: &str| parse(&format!(r#"{{"named_by":{named_by}}}"#)).unwrap();
        let headers = |end_users: &EndUsers| {
            let headers = end_users.headers();
            headers
                .map(|(name, before)| (name.to_owned(), before))
                .collect::<Vec<_>>()
        };
        let default = EndUsers::default();
        assert_eq!(headers(&default), [("x-user".to_owned(), false)]);
        assert!(default.in_body());
        assert_eq!(parse("{}").unwrap(), default);
        let mixed = of(r#"["X-Person","body","x-user"]"#);
        let expected = [("x-person".to_owned(), true), ("x-user".to_owned(), false)];
        assert_eq!(
            (headers(&mixed).as_slice(), mixed.in_body()),
            (expected.as_slice(), true)
        );
        let header = of(r#"["x-person"]"#);
        assert_eq!((headers(&header).len(), header.in_body()), (1, false));
    }

    #[test]
    fn what_cannot_be_is_refused_with_the_reason() {
        for (end_users, reason) in [
            (r#"{"named_by":[]}"#, "must have 1 to 4 entries"),
            (
                r#"{"named_by":["a","b","c","d","e"]}"#,
                "must have 1 to 4 entries",
            ),
            (
                r#"{"named_by":["a b"]}"#,
                "neither `body` nor a header's name",
            ),
            (
                r#"{"named_by":[":path"]}"#,
                "neither `body` nor a header's name",
            ),
            (
                r#"{"named_by":["authorization"]}"#,
                "neither `body` nor a header's name",
            ),
            (r#"{"named_by":["body","Body"]}"#, "`body` is there twice"),
            (r#"{"claude_code":"session"}"#, "unknown variant `session`"),
            (r#"{"header":"x"}"#, "unknown field `header`"),
        ] {
            let problems = parse(end_users).unwrap_err();
            assert!(problems.contains(reason), "{end_users}: {problems}");
        }
    }

    proptest! {
        /// Two sessions of one account are one user, whatever the parts are.
        #[test]
        fn sessions_make_no_users(device in "[a-f0-9]{0,9}", account in "[a-f0-9-]{0,9}", sessions in prop::array::uniform2("[a-f0-9-]{1,9}")) {
            prop_assume!(!device.is_empty() || !account.is_empty());
            let end_users = EndUsers::default();
            let text = |session: &str| format!("user_{device}_account_{account}_session_{session}");
            let json = |session: &str| {
                format!(r#"{{"device_id":"{device}","account_uuid":"{account}","session_id":"{session}"}}"#)
            };
            for form in [&text as &dyn Fn(&str) -> String, &json] {
                let [one, two] = sessions.each_ref().map(|session| end_users.user(&form(session)).into_owned());
                prop_assert_eq!(&one, &two);
                prop_assert_eq!(&one, if account.is_empty() { &device } else { &account });
            }
        }
    }
}
