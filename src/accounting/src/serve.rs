//! `paddock serve`: from options to a service that runs until it is told to stop.

use crate::app::{self, App};
use crate::background;
use crate::clock::{Clock, SystemClock};
use crate::config::{Config, LogFormat, ServeOptions};
use crate::delivery::worker;
use crate::store::Store;
use anyhow::Context;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tracing_subscriber::EnvFilter;

/// How long open requests may go on after the order to stop.
const DRAIN: Duration = Duration::from_secs(20);

/// Runs the service until SIGTERM or SIGINT.
///
/// # Errors
/// What is wrong with the options, the database or the address, for the operator.
pub async fn run(options: ServeOptions) -> anyhow::Result<()> {
    log_to_stderr(options.log_format);
    let clock = Arc::new(SystemClock);
    let config = Config::new(
        &options.admin_key,
        &options.gateway_token,
        &options.policy,
        &options.notify,
        clock.now(),
    )?;
    let store = Store::open(options.database_url.expose())
        .await
        .context("cannot open the database of --database-url (PADDOCK_DATABASE_URL)")?;
    let app = App::start(store.clone(), clock, config)
        .await
        .context("cannot start")?;
    let listener = TcpListener::bind(options.listen)
        .await
        .with_context(|| format!("cannot listen on {}", options.listen))?;
    tracing::info!(address = %listener.local_addr()?, "listening");
    let stop = stop_signal()?;
    let background = tokio::spawn(background::run(app.clone(), stop.clone()));
    let deliveries = tokio::spawn(worker::run(app.clone(), stop.clone()));
    serve(listener, app::router(app), stop).await?;
    background.await.context("a background task failed")?;
    // What is under way is written down before the database is closed.
    deliveries.await.context("the deliveries failed")?;
    store.close().await;
    tracing::info!("stopped");
    Ok(())
}

async fn serve(
    listener: TcpListener,
    router: axum::Router,
    mut stop: watch::Receiver<bool>,
) -> anyhow::Result<()> {
    let mut told = stop.clone();
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let server = axum::serve(listener, service).with_graceful_shutdown(async move {
        // An error means that the sender is gone: stop as well.
        let _ = told.wait_for(|stop| *stop).await;
    });
    let deadline = async move {
        let _ = stop.wait_for(|stop| *stop).await;
        tokio::time::sleep(DRAIN).await;
    };
    tokio::select! {
        ended = server => ended.context("the server failed"),
        () = deadline => {
            tracing::warn!("requests still open after {} s were cut", DRAIN.as_secs());
            Ok(())
        }
    }
}

/// Turns true at SIGTERM or SIGINT.
fn stop_signal() -> anyhow::Result<watch::Receiver<bool>> {
    let (sender, receiver) = watch::channel(false);
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("told to stop: finishing open requests");
        // Nobody listening means that the service has stopped already.
        let _ = sender.send(true);
        // Kept alive, so that late listeners see the value.
        std::future::pending::<()>().await;
    });
    Ok(receiver)
}

fn log_to_stderr(format: LogFormat) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    match format {
        LogFormat::Json => logs.json().flatten_event(true).init(),
        LogFormat::Pretty => logs.init(),
    }
}
