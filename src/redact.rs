//! How an address is shown to people: without anything in it that could be a secret.
//!
//! The one rule for documents, status, events and log. Of an address the scheme, the host, the port and the application stay,
//! and only where all of it can be read as an address: in what cannot, nobody knows which part is the secret.

use url::Url;

/// What stands in a secret's place.
pub(crate) const HIDDEN: &str = "***";

/// Schemes that are told: those that something here sends to, and those that are mixed up with them.
const SCHEMES: [&str; 5] = ["rtmp", "rtmps", "srt", "http", "https"];

/// The scheme of an address in small letters, if it is one that is known.
pub(crate) fn known_scheme(text: &str) -> Option<&'static str> {
    let (scheme, _) = text.split_once(':')?;
    SCHEMES.into_iter().find(|known| known.eq_ignore_ascii_case(scheme))
}

/// The address as it may be shown: `rtmp://host:1935/app/***`, `srt://host:9000?***`, and `***` for what is none.
pub(crate) fn redacted(address: &str) -> String {
    let Some(scheme) = known_scheme(address) else { return HIDDEN.to_owned() };
    let url = address.contains("://").then(|| Url::parse(address).ok()).flatten();
    let Some((url, host)) = url.as_ref().and_then(|url| Some((url, url.host_str().filter(|host| is_host(host))?)))
    else {
        return format!("{scheme}://{HIDDEN}");
    };
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    if scheme == "srt" {
        let query = if url.query().is_some() || url.path().len() > 1 { "?***" } else { "" };
        return format!("{scheme}://{host}{port}{query}");
    }
    // A path of one part may be a key without an application before it.
    match url.path().strip_prefix('/').and_then(|path| path.split_once('/')) {
        Some((application, rest)) if !application.is_empty() && !rest.is_empty() => {
            format!("{scheme}://{host}{port}/{application}/{HIDDEN}")
        }
        _ => format!("{scheme}://{host}{port}/{HIDDEN}"),
    }
}

/// Characters of a value that is told where it does not belong: no secret is that short.
const SHORT: usize = 9;

/// What was found in the place of something else, as it may be told. Whoever confuses settings may have written a secret
/// into any of them: what could be one is told by its length alone.
pub(crate) fn found(text: &str) -> String {
    let is_number = || text.len() <= 40 && text.bytes().all(|byte| byte.is_ascii_digit() || b".:x".contains(&byte));
    let length = text.chars().count();
    if (length <= SHORT && !text.contains(char::is_control)) || is_number() {
        format!("`{text}`")
    } else {
        format!("text of {length} characters")
    }
}

/// Whether it is the name or the number of a machine.
pub(crate) fn is_host(text: &str) -> bool {
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    let is_number = |byte: u8| byte.is_ascii_hexdigit() || b":.".contains(&byte);
    match text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(number) => number.bytes().all(is_number),
        None => !text.is_empty() && text.bytes().all(is_name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_the_wrong_place_is_told_if_it_is_no_secret() {
        for (text, told) in [
            ("", "``"),
            ("veryfsat", "`veryfsat`"),
            ("1921x1080", "`1921x1080`"),
            ("300.300.300.300", "`300.300.300.300`"),
            ("ten-letter", "text of 10 characters"),
            ("live_0815_sEcReT", "text of 16 characters"),
            ("a\nb", "text of 3 characters"),
        ] {
            assert_eq!(found(text), told);
        }
    }

    #[test]
    fn what_may_be_a_secret_is_hidden_and_the_rest_is_told() {
        for (address, shown) in [
            ("rtmp://live.example/app/KEY", "rtmp://live.example/app/***"),
            ("rtmps://me:KEY@live.example:444/app/KEY/KEY?a=KEY#KEY", "rtmps://live.example:444/app/***"),
            ("RTMP://[2001:db8::1]:1936/app/KEY", "rtmp://[2001:db8::1]:1936/app/***"),
            ("rtmp://live.example/KEY", "rtmp://live.example/***"),
            ("rtmp://live.example/KEY/", "rtmp://live.example/***"),
            ("rtmp://live.example//KEY/KEY", "rtmp://live.example/***"),
            ("rtmp://live.example/app/***", "rtmp://live.example/app/***"),
            ("srt://live.example:9000?streamid=KEY&passphrase=KEY", "srt://live.example:9000?***"),
            ("srt://live.example:9000/KEY", "srt://live.example:9000?***"),
            ("srt://live.example:9000", "srt://live.example:9000"),
            ("srt://passphrase=KEY:9000", "srt://***"),
            ("rtmp://%4bEY.example/a/b", "rtmp://***"),
            ("rtmp://[::1/live/KEY", "rtmp://***"),
            ("rtmp:/live.example/app/KEY", "rtmp://***"),
            ("KEY rtmp://live.example/app/KEY", "***"),
            ("key=KEY://x", "***"),
            ("KEY", "***"),
            ("", "***"),
        ] {
            assert_eq!(redacted(address), shown, "{address}");
            assert_eq!(redacted(shown), shown, "shown again it stays so");
        }
    }
}
