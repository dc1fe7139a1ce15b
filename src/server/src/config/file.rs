//! The configuration file: TOML, with a section for the service and one for its clients.

use anyhow::Context;
use serde::Deserialize;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The file that is read where none is named.
const DEFAULT: &str = "paddock.toml";

/// A configuration file, read. Paths in it are relative to its folder.
#[derive(Clone, Debug, Default)]
pub struct ConfigFile {
    /// The file; absent where there is none.
    pub path: Option<PathBuf>,
    /// Options of `paddock serve`, by their names in snake case.
    pub serve: toml::Table,
    /// How the command line reaches the service.
    pub client: ClientSection,
}

/// How the command line reaches the service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ClientSection {
    /// The service's URL.
    pub url: Option<String>,
    /// A file with the key to ask with.
    pub key_file: Option<PathBuf>,
    /// A PEM file of certificate authorities to trust instead of the public ones.
    pub ca_certificate: Option<PathBuf>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Raw {
    serve: toml::Table,
    client: ClientSection,
}

impl ConfigFile {
    /// Reads the file that was named, or `paddock.toml` of the working folder where it is there.
    ///
    /// # Errors
    /// Where the named file is not there, or a file is no configuration.
    pub fn find(named: Option<&Path>) -> anyhow::Result<ConfigFile> {
        let path = named.unwrap_or(Path::new(DEFAULT));
        match std::fs::read_to_string(path) {
            Ok(text) => ConfigFile::parse(&text, path),
            Err(error) if named.is_none() && error.kind() == ErrorKind::NotFound => {
                Ok(ConfigFile::default())
            }
            Err(error) => {
                Err(error).context(format!("cannot read the configuration {}", path.display()))
            }
        }
    }

    /// Reads the text of the file at `path`.
    ///
    /// # Errors
    /// Where it is no TOML, or has a section or a client's setting that is not known.
    pub fn parse(text: &str, path: &Path) -> anyhow::Result<ConfigFile> {
        let raw: Raw = toml::from_str(text)
            .with_context(|| format!("the configuration {} cannot be read", path.display()))?;
        let mut client = raw.client;
        let folder = path.parent().unwrap_or(Path::new(""));
        let files = [&mut client.key_file, &mut client.ca_certificate];
        for file in files.into_iter().flatten() {
            *file = folder.join(&file);
        }
        Ok(ConfigFile {
            path: Some(path.to_owned()),
            serve: raw.serve,
            client,
        })
    }

    /// A path of the file, as seen from the working folder.
    pub fn resolve(&self, path: &str) -> PathBuf {
        let folder = self.path.as_deref().and_then(Path::parent);
        folder.unwrap_or(Path::new("")).join(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_and_settings_that_are_not_known_are_refused() {
        let read = |text: &str| ConfigFile::parse(text, Path::new("/etc/paddock/paddock.toml"));
        let file = read("[serve]\nlisten = '[::1]:1'\n[client]\nkey_file = 'admin-key'").unwrap();
        assert_eq!(
            file.client.key_file.unwrap(),
            Path::new("/etc/paddock/admin-key")
        );
        assert_eq!(file.serve.len(), 1);
        for (text, named) in [
            ("[sever]\nlisten = '[::1]:1'", "sever"),
            ("[client]\nkey = 'x'", "key"),
            ("listen = ", "cannot be read"),
        ] {
            let error = format!("{:#}", read(text).unwrap_err());
            assert!(error.contains(named), "{error}");
        }
    }
}
