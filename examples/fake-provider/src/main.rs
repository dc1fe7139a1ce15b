//! The fake provider's command line.

use anyhow::Context;
use clap::Parser;
use fake_provider::{Options, serve};
use std::net::SocketAddr;

/// A provider in OpenAI's, Anthropic's and Google's formats, without a model.
#[derive(Parser)]
struct Arguments {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:10090")]
    listen: SocketAddr,
    #[command(flatten)]
    options: Options,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let listener = tokio::net::TcpListener::bind(arguments.listen)
        .await
        .with_context(|| {
            format!(
                "cannot listen on {}; choose another --listen",
                arguments.listen
            )
        })?;
    eprintln!("fake provider on http://{}/v1", listener.local_addr()?);
    serve(listener, arguments.options).await
}
