//! `paddock init`: the files that a first start needs.

use crate::exit::Exit;
use crate::{output, private_file};
use anyhow::{Context, bail};
use paddock_core::secret;
use std::io::Write;
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Args)]
pub struct Options {
    /// The folder to write to; it is created if it does not exist.
    #[arg(long, default_value = ".", value_name = "FOLDER")]
    directory: PathBuf,
    /// The database: sqlite:///path/file.db or a path [default: paddock.db in the folder]. Put a URL
    /// with a password into a file, and set serve.database_url_file instead.
    #[arg(long)]
    database: Option<String>,
    /// Address for the service to listen on.
    #[arg(long, default_value = "127.0.0.1:10080")]
    listen: std::net::SocketAddr,
}

/// Creates all files, or none if one of them exists.
pub fn run(options: &Options) -> anyhow::Result<Exit> {
    let paths = write_all(options)?;
    output::print(&instructions(&paths))?;
    Ok(Exit::Done)
}

/// The same in a folder, with what is usual, and without a word.
pub fn create(folder: &Path) -> anyhow::Result<()> {
    let options = Options {
        directory: folder.to_owned(),
        database: None,
        listen: std::net::SocketAddr::from(([127, 0, 0, 1], 10080)),
    };
    write_all(&options).map(|_| ())
}

/// The configuration, the admin key, the gateways' token and the key to encrypt with.
type Paths = [PathBuf; 4];

fn write_all(options: &Options) -> anyhow::Result<Paths> {
    let folder = &options.directory;
    std::fs::create_dir_all(folder)
        .with_context(|| format!("cannot create the folder {}", folder.display()))?;
    let folder = folder.canonicalize()?;
    let [config, admin_key, gateway_token, encryption_key] = [
        "paddock.toml",
        "admin-key",
        "gateway-token",
        "encryption-key",
    ]
    .map(|name| folder.join(name));
    for path in [&config, &admin_key, &gateway_token, &encryption_key] {
        if path.exists() {
            bail!(
                "{} already exists; nothing was changed. Choose another --directory, or delete the \
                 file if nobody needs it",
                path.display()
            );
        }
    }
    write(&admin_key, &draw())?;
    write(&gateway_token, &draw())?;
    write(&encryption_key, &draw_hex())?;
    write(&config, &configuration(options, &folder))?;
    Ok([config, admin_key, gateway_token, encryption_key])
}

fn draw() -> String {
    let mut entropy = [0; 32];
    rand::fill(&mut entropy);
    secret::write(&entropy)
}

/// 256 bits as hex digits.
fn draw_hex() -> String {
    let mut entropy = [0_u8; 32];
    rand::fill(&mut entropy);
    entropy.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    let mut file = private_file::create(path)?;
    writeln!(file, "{}", text.trim_end())
        .and_then(|()| file.sync_all())
        .with_context(|| format!("cannot write {}", path.display()))
}

fn configuration(options: &Options, folder: &Path) -> String {
    let database = match &options.database {
        Some(url) => url.clone(),
        None => folder.join("paddock.db").display().to_string(),
    };
    // The quotes and escapes of TOML.
    let text = |text: String| toml::Value::String(text).to_string();
    // A service that listens on all addresses is reached on this machine.
    let mut reach = options.listen;
    if reach.ip().is_unspecified() {
        reach.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
    }
    format!(
        "# Paddock. `paddock serve --help` lists all settings of [serve]. Flags and environment\n\
         # variables come before this file. Paths are relative to its folder.\n\
         [serve]\n\
         listen = {}\n\
         database_url = {}\n\
         admin_key_file = \"admin-key\"\n\
         gateway_token_file = \"gateway-token\"\n\
         encryption_key_file = \"encryption-key\"\n\n\
         # How the other commands reach the service.\n\
         [client]\n\
         url = {}\n\
         key_file = \"admin-key\"\n",
        text(options.listen.to_string()),
        text(database),
        text(format!("http://{reach}")),
    )
}

fn instructions(paths: &Paths) -> String {
    let [config, admin, token, encryption] = paths.each_ref().map(|path| path.display());
    format!(
        "Created {config},\n        {admin},\n        {token} and\n        {encryption}. Only you can read them.\n\n\
         Next:\n\
         1. Start the service:     paddock serve --create --config {config}\n\
                                   (--create makes the database; leave it out later)\n\
         2. Give Envoy the token:  PADDOCK_GATEWAY_TOKEN=$(cat {token}) envoy -c envoy.yaml\n\
         3. Create a key:          paddock --config {config} keys create my-key --monthly-quota-usd 50\n"
    )
}
