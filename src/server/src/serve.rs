//! `paddock serve`: from options to a service that runs until it is stopped.

use crate::background;
use crate::clock::{Clock, SystemClock};
use crate::config::{Config, LogFormat, ServeOptions, secret};
use crate::connections::{Gate, IDLE};
use crate::delivery::{re_encryption, worker};
use crate::encryption::Encryption;
use crate::router;
use crate::state::{App, SharedApp};
use anyhow::{Context, bail};
use axum::Router;
use axum_server::Handle;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use hyper_util::rt::TokioTimer;
use paddock_ledger::model::secret::Secret;
use paddock_ledger::store::{Pool, Store, StoreError, sqlite_file};
use rustix::fs::Mode;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit, umask};
use std::fs::{File, TryLockError};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tracing_subscriber::EnvFilter;

/// Requests under way at once on one HTTP/2 connection.
const STREAMS: u32 = 256;
/// Bytes of a request's headers on HTTP/2, as many as HTTP/1 has room for here.
const HEADERS: u32 = 64 << 10;

/// What the options mean.
struct Checked {
    config: Config,
    database_url: Secret,
    pool: Pool,
    tls: Option<(PathBuf, PathBuf)>,
}

/// Checks the options without running anything.
///
/// # Errors
/// Every problem, for the operator.
pub fn check(options: &ServeOptions) -> anyhow::Result<()> {
    read(options, &SystemClock).map(|_| ())
}

/// Runs the service until SIGTERM or SIGINT. `console` adds pages for people to the routes of the API.
///
/// # Errors
/// The problems of the options, the database or the address, for the operator.
pub async fn run(
    options: ServeOptions,
    console: fn(SharedApp, Router) -> Router,
) -> anyhow::Result<()> {
    log_to_stderr(options.log_format);
    // What this process makes, nobody else can read.
    umask(Mode::RWXG | Mode::RWXO);
    let clock = Arc::new(SystemClock);
    let checked = read(&options, clock.as_ref())?;
    let tls = match &checked.tls {
        Some((certificate, key)) => Some(certified(certificate, key).await?),
        None => None,
    };
    let url = checked.database_url.expose();
    // Where there is no folder, there is no database: that is said below.
    let has_folder = |file: &PathBuf| {
        let folder = file.parent().filter(|folder| *folder != Path::new(""));
        folder.is_none_or(Path::is_dir)
    };
    let file = sqlite_file(url).filter(has_folder);
    let _only_one = file.map(|file| lock(&file)).transpose()?;
    let opened = Store::open_with(url, checked.pool, options.create).await;
    if let Err(StoreError::New) = opened {
        bail!(
            "the database of --database-url (PADDOCK_DATABASE_URL) is absent or empty. If you expected \
             one, look whether its volume is mounted and the path is right. To make a new one, start \
             once with --create"
        );
    }
    let (store, is_new) =
        opened.context("cannot open the database of --database-url (PADDOCK_DATABASE_URL)")?;
    if let Some(file) = sqlite_file(url) {
        secret::warn_if_shared(&file);
    }
    if is_new {
        tracing::warn!("made a new database: it has no keys, no namespaces and no usage");
    }
    let app = App::start(store.clone(), clock, checked.config)
        .await
        .context("cannot start")?;
    if let Some(installation) = app.installation {
        tracing::info!(%installation, "opened the database");
    }
    if app.encryption.key_id().is_none() {
        tracing::warn!(
            "secrets and URLs of webhooks are stored in clear: set --encryption-key-file to encrypt them"
        );
    }
    let listener = listen(options.listen)?;
    let gateways = options.access.gateway_listen.map(listen).transpose()?;
    let handle = Handle::new();
    let stop = stop_at_signal(handle.clone(), Duration::from_secs(options.drain_seconds))?;
    let background = tokio::spawn(background::run(app.clone(), stop.clone()));
    let deliveries = tokio::spawn(worker::run(app.clone(), stop.clone()));
    let re_encryption = tokio::spawn(re_encryption::run(app.clone(), stop));
    let scheme = if tls.is_some() { "https" } else { "http" };
    let files = checked.tls.unwrap_or_default();
    // Before the log says that the service can be signalled.
    reload_at_signal(
        tls.clone().map(|tls| (tls, files)),
        options.clone(),
        app.clone(),
    )?;
    let gate = Gate::new(options.access.bounds(open_files()));
    let for_gateways = match gateways {
        Some(listener) => {
            tracing::info!(address = %listener.local_addr()?, scheme, "listening for gateways");
            let router = router::gateway_router(app.clone());
            let gate = gate.clone();
            Some(tokio::spawn(answer(
                listener,
                router,
                tls.clone(),
                gate,
                handle.clone(),
            )))
        }
        None => None,
    };
    tracing::info!(address = %listener.local_addr()?, scheme, "listening");
    let router = match options.no_console {
        true => router::router(app),
        false => console(app.clone(), router::router(app)),
    };
    answer(listener, router, tls, gate, handle)
        .await
        .context("the server failed")?;
    if let Some(for_gateways) = for_gateways {
        for_gateways
            .await?
            .context("the server for gateways failed")?;
    }
    background.await.context("a background task failed")?;
    // Results of deliveries in progress are stored before the database is closed.
    deliveries.await.context("the delivery worker failed")?;
    re_encryption
        .await
        .context("encrypting secrets anew failed")?;
    store.close().await;
    tracing::info!("stopped");
    Ok(())
}

fn read(options: &ServeOptions, clock: &dyn Clock) -> anyhow::Result<Checked> {
    let mut problems = Vec::new();
    let secrets = [
        (&options.admin_key, &options.admin_key_file, "admin-key"),
        (
            &options.gateway_token,
            &options.gateway_token_file,
            "gateway-token",
        ),
    ];
    let secrets = secrets.map(|(given, file, flag)| {
        secret::choose(given.as_ref(), file.as_deref(), flag)
            .map_err(|error| problems.push(format!("{error:#}")))
    });
    let database_url = match &options.database_url_file {
        Some(path) => secret::read(path),
        None => Ok(options.database_url.clone()),
    };
    let database_url = database_url.map_err(|error| problems.push(format!("{error:#}")));
    if !(2..=1_000).contains(&options.database_connections) {
        problems.push("--database-connections must be from 2 to 1000".to_owned());
    }
    if !(1..=60).contains(&options.database_timeout_seconds) {
        problems.push("--database-timeout-seconds must be from 1 to 60".to_owned());
    }
    let encryption = options.encryption_key_file.as_deref().map(|path| {
        let text = secret::read(path).map_err(|error| format!("{error:#}"));
        text.and_then(|text| Encryption::read(&text))
    });
    let encryption = encryption.transpose();
    let encryption = encryption.map_err(|problem| problems.push(problem));
    problems.extend(options.access.problems(options.listen));
    if options.drain_seconds > 600 {
        problems.push("--drain-seconds must be from 0 to 600".to_owned());
    }
    let tls = match (&options.tls_certificate, &options.tls_key) {
        (Some(certificate), Some(key)) => Some((certificate.clone(), key.clone())),
        (None, None) => None,
        _ => {
            problems.push("--tls-certificate and --tls-key must be set together".to_owned());
            None
        }
    };
    if let (Ok(admin_key), Ok(gateway_token), Ok(database_url)) =
        (&secrets[0], &secrets[1], database_url)
    {
        match Config::new(
            admin_key,
            gateway_token,
            &options.policy,
            &options.notify,
            &options.credits,
            clock.now(),
        ) {
            Err(error) => problems.push(error.to_string()),
            Ok(config) if problems.is_empty() => {
                return Ok(Checked {
                    config: Config {
                        access: options.access.clone(),
                        encryption: encryption.unwrap_or_default().unwrap_or_default(),
                        ..config
                    },
                    database_url,
                    pool: Pool {
                        connections: options.database_connections,
                        patience: Duration::from_secs(options.database_timeout_seconds),
                    },
                    tls,
                });
            }
            Ok(_) => {}
        }
    }
    bail!("{}", problems.join("\n"))
}

/// Has one service use a file of SQLite. It is let go of when this process ends, however that is.
///
/// # Errors
/// Another one uses it.
fn lock(database: &Path) -> anyhow::Result<File> {
    let mut name = database.as_os_str().to_owned();
    name.push("-lock");
    let path = PathBuf::from(name);
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path);
    let file = file.with_context(|| format!("cannot open {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => bail!(
            "another service uses the database {}. SQLite is for one: for several, use PostgreSQL",
            database.display()
        ),
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("cannot lock {}", path.display()))
        }
    }
}

/// Serves until the handle says stop.
async fn answer(
    listener: TcpListener,
    router: Router,
    tls: Option<RustlsConfig>,
    gate: Gate,
    handle: Handle<SocketAddr>,
) -> std::io::Result<()> {
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let mut server = axum_server::from_tcp(listener)?.handle(handle);
    let builder = server.http_builder();
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(IDLE);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(HEADERS);
    match tls {
        Some(tls) => {
            let acceptor = RustlsAcceptor::new(tls).acceptor(gate);
            server.acceptor(acceptor).serve(service).await
        }
        None => server.acceptor(gate).serve(service).await,
    }
}

/// How many files this process may have open, once it may have as many as the system lets it.
fn open_files() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    let current = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(_) => limit.current,
    };
    current.map_or(usize::MAX, |files| {
        usize::try_from(files).unwrap_or(usize::MAX)
    })
}

fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    let listener =
        TcpListener::bind(address).with_context(|| format!("cannot listen on {address}"))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

async fn certified(certificate: &Path, key: &Path) -> anyhow::Result<RustlsConfig> {
    // An error means that one is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let config = RustlsConfig::from_pem_file(certificate, key).await;
    config.with_context(|| {
        format!(
            "cannot serve TLS with the certificate {} and the key {}",
            certificate.display(),
            key.display()
        )
    })
}

/// Reads the operator's keys, the gateways' tokens, the certificate and its key again at every SIGHUP. If
/// they cannot be read, the old ones stay.
fn reload_at_signal(
    tls: Option<(RustlsConfig, (PathBuf, PathBuf))>,
    options: ServeOptions,
    app: SharedApp,
) -> anyhow::Result<()> {
    let mut hangup = signal(SignalKind::hangup())?;
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            match read(&options, app.clock.as_ref()) {
                Ok(checked) => {
                    app.replace_credentials(checked.config.credentials);
                    tracing::info!("admin keys and gateway tokens read again");
                }
                Err(error) => {
                    let error = format!("{error:#}");
                    tracing::error!(
                        error,
                        "cannot read the admin keys and gateway tokens again; the old ones stay in use"
                    );
                }
            }
            let Some((config, (certificate, key))) = &tls else {
                continue;
            };
            match config.reload_from_pem_file(certificate, key).await {
                Ok(()) => tracing::info!("TLS certificate reloaded"),
                Err(error) => {
                    tracing::error!(%error, "cannot reload the TLS certificate; the old one stays in use");
                }
            }
        }
    });
    Ok(())
}

/// At SIGTERM or SIGINT no more connections are accepted, and open requests have the time `drain` to
/// finish. The receiver then becomes true.
fn stop_at_signal(
    handle: Handle<SocketAddr>,
    drain: Duration,
) -> anyhow::Result<watch::Receiver<bool>> {
    let (sender, receiver) = watch::channel(false);
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping: waiting for open requests");
        // An error means that the service has stopped already.
        let _ = sender.send(true);
        handle.graceful_shutdown(Some(drain));
        tokio::time::sleep(drain).await;
        let open = handle.connection_count();
        tracing::warn!(
            open,
            "closing connections that are still open after {} s",
            drain.as_secs()
        );
        // Keeps the sender alive for late receivers.
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
