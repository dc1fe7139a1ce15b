//! `paddock init`: what a first start needs.

use crate::exit::Exit;
use crate::{output, private_file};
use anyhow::{Context, bail};
use paddock_core::secret;
use std::io::Write;
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Args)]
pub struct Options {
    /// The folder for all files. It is created if it does not exist.
    #[arg(long, default_value = ".", value_name = "FOLDER")]
    directory: PathBuf,
    /// sqlite:///path/file.db or a path. Put a URL with a password into a file instead, and name it
    /// in serve.database_url_file [default: paddock.db in the folder].
    #[arg(long)]
    database: Option<String>,
    /// The address that the service shall listen on.
    #[arg(long, default_value = "127.0.0.1:10080")]
    listen: std::net::SocketAddr,
}

/// Makes the files, all or none, and never over one that is there.
pub fn run(options: &Options) -> anyhow::Result<Exit> {
    let folder = &options.directory;
    std::fs::create_dir_all(folder)
        .with_context(|| format!("cannot make the folder {}", folder.display()))?;
    let folder = folder.canonicalize()?;
    let [config, admin_key, gateway_token] =
        ["paddock.toml", "admin-key", "gateway-token"].map(|name| folder.join(name));
    for path in [&config, &admin_key, &gateway_token] {
        if path.exists() {
            bail!(
                "{} is there already, and nothing was changed. Choose another --directory, or \
                 remove it if nobody needs it",
                path.display()
            );
        }
    }
    write(&admin_key, &draw())?;
    write(&gateway_token, &draw())?;
    write(&config, &configuration(options, &folder))?;
    output::print(&instructions(&config, &admin_key, &gateway_token))?;
    Ok(Exit::Done)
}

fn draw() -> String {
    let mut entropy = [0; 32];
    rand::fill(&mut entropy);
    secret::write(&entropy)
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
    // A service that listens everywhere is reached on this machine.
    let mut reach = options.listen;
    if reach.ip().is_unspecified() {
        reach.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
    }
    format!(
        "# Paddock. `paddock serve --help` lists all settings of [serve]; flags and the\n\
         # environment come before this file. Files are relative to its folder.\n\
         [serve]\n\
         listen = {}\n\
         database_url = {}\n\
         admin_key_file = \"admin-key\"\n\
         gateway_token_file = \"gateway-token\"\n\n\
         # How the other commands reach the service.\n\
         [client]\n\
         url = {}\n\
         key_file = \"admin-key\"\n",
        text(options.listen.to_string()),
        text(database),
        text(format!("http://{reach}")),
    )
}

fn instructions(config: &Path, admin_key: &Path, gateway_token: &Path) -> String {
    let (config, admin, token) = (
        config.display(),
        admin_key.display(),
        gateway_token.display(),
    );
    format!(
        "Made {config},\n     {admin} and\n     {token}, readable by you alone.\n\n\
         Next:\n\
         1. Start the service:     paddock serve --config {config}\n\
         2. Give Envoy the token:  PADDOCK_GATEWAY_TOKEN=$(cat {token}) envoy -c envoy.yaml\n\
         3. Make a namespace and a key: write them into a file and\n\
         \x20                         paddock --config {config} apply -f FILE\n"
    )
}
