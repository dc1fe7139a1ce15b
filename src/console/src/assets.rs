//! The console's files. Their names have a digest of what is in them, so browsers keep them for good.

use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use paddock_core::secret;
use std::sync::LazyLock;

/// One file.
struct Asset {
    stem: &'static str,
    ending: &'static str,
    kind: &'static str,
    bytes: &'static [u8],
}

const ASSETS: [Asset; 3] = [
    Asset {
        stem: "console",
        ending: "css",
        kind: "text/css; charset=utf-8",
        bytes: include_bytes!("../assets/console.css"),
    },
    Asset {
        stem: "console",
        ending: "js",
        kind: "text/javascript; charset=utf-8",
        bytes: include_bytes!("../assets/console.js"),
    },
    Asset {
        stem: "icon",
        ending: "svg",
        kind: "image/svg+xml",
        bytes: include_bytes!("../assets/icon.svg"),
    },
];

static NAMES: LazyLock<[String; 3]> = LazyLock::new(|| {
    ASSETS.each_ref().map(|asset| {
        let digest = secret::digest(asset.bytes).to_hex();
        let short: String = digest.chars().take(12).collect();
        format!("{}-{short}.{}", asset.stem, asset.ending)
    })
});

fn path(ending: &str) -> String {
    let mut names = NAMES.iter();
    let name = names.find(|name| name.ends_with(ending));
    format!("/console/assets/{}", name.map_or("", String::as_str))
}

/// Where the styles are.
pub fn style() -> String {
    path(".css")
}

/// Where the script is.
pub fn script() -> String {
    path(".js")
}

/// Where the icon is.
pub fn icon() -> String {
    path(".svg")
}

/// `GET /console/assets/{name}`.
pub async fn show(Path(name): Path<String>) -> Response {
    let found = NAMES.iter().zip(&ASSETS).find(|(known, _)| **known == name);
    let Some((_, asset)) = found else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let forever = "public, max-age=31536000, immutable";
    let headers = [
        (header::CONTENT_TYPE, asset.kind),
        (header::CACHE_CONTROL, forever),
    ];
    (headers, asset.bytes).into_response()
}
