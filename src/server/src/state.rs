//! What every handler is given: the database, the clock, the configuration and the clients.
//!
//! Absent: routes. They are in `router`, above everything that is given this.

use crate::booking_queue::BookingQueue;
use crate::clock::Clock;
use crate::config::{Config, Credentials, Mail};
use crate::encryption::Encryption;
use crate::key_lookups::KeyLookups;
use crate::metrics::Metrics;
use crate::outbound::mail::Mailer;
use crate::outbound::outlet::Outlet;
use crate::pace::{Pace, Seen};
use crate::seats::{Places, Seats};
use anyhow::Context;
use paddock_core::ids::InstallationId;
use paddock_core::timestamp::Timestamp;
use paddock_ledger::model::DEFAULT_ORGANIZATION;
use paddock_ledger::rules::usage_feed::UsageFeed;
use paddock_ledger::store::{Store, catalog, organizations, partitions, policy};
use std::sync::{Arc, PoisonError, RwLock};
use tokio::sync::Semaphore;

/// Questions for stored objects of one namespace that wait at once.
const QUESTIONS_OF_NAMESPACE: usize = 16;
/// Management requests of one key at once.
const REQUESTS_OF_KEY: usize = 32;
/// Management requests of all keys of one organization: a fraction of the connections that Envoy has.
const REQUESTS_OF_ORGANIZATION: usize = 64;
/// Streams and exports of one key at once.
const STREAMS_OF_KEY: usize = 8;
/// Streams and exports of all keys of one organization.
const STREAMS_OF_ORGANIZATION: usize = 32;

/// Logins to the console from one address, right or wrong.
const LOGINS_PER_MINUTE: u64 = 30;

/// What every handler is given.
pub struct App {
    /// The database.
    pub store: Store,
    /// Which installation the database is of.
    pub installation: Option<InstallationId>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The configuration.
    pub config: Config,
    /// What encrypts secrets of tenants.
    pub encryption: Encryption,
    /// Usage as it is booked, for those who listen.
    pub usage_feed: UsageFeed,
    /// Messages of gateways on their way into the ledger.
    pub bookings: BookingQueue,
    /// Keys that gateways ask for.
    pub key_lookups: KeyLookups,
    /// Questions for stored objects that wait for an event on its way.
    pub seats: Seats,
    /// Management requests under way.
    pub requests: Places,
    /// Streams and exports under way.
    pub streams: Places,
    /// Pages of exports and of the audit: one is read and written at a time, so that the rest finds the
    /// database and a thread free.
    pub pages: Semaphore,
    /// Management requests, by key.
    pub pace_of_key: Pace,
    /// Management requests, by address.
    pub pace_of_address: Pace,
    /// Wrong keys, tokens and signatures, by address.
    pub wrong_keys: Pace,
    /// Logins to the console, by address.
    pub logins: Pace,
    /// Credentials that were right, with the address they came from.
    pub right_keys: Seen,
    credentials: RwLock<Arc<Credentials>>,
    /// The counters.
    pub metrics: Metrics,
    /// The HTTP client for webhooks.
    pub outlet: Outlet,
    /// The mail client, if mail is configured.
    pub mailer: Option<Mailer>,
}

/// As handlers hold it.
pub type SharedApp = Arc<App>;

impl App {
    /// Makes sure the database has what a fresh one must have: the default organization and the
    /// catalog the product comes with; and of the ledger the partitions of the days ahead.
    ///
    /// # Errors
    /// Where the database refuses.
    pub async fn start(
        store: Store,
        clock: Arc<dyn Clock>,
        config: Config,
    ) -> anyhow::Result<SharedApp> {
        let access = config.access.clone();
        let credentials = RwLock::new(Arc::new(config.credentials.clone()));
        let bookings = BookingQueue::new(config.booking_bytes);
        let outlet = Outlet::new(config.webhook_guard.clone()).context("TLS for webhooks")?;
        let mailer = config.mail.as_ref().map(Mail::client).transpose()?;
        if let Err(error) = partitions::prepare(&store, clock.now()).await {
            tracing::warn!(%error, "the ledger's partitions could not be made; trying again later");
        }
        let mut tx = store.write().await?;
        if catalog::seed(&mut tx).await? {
            organizations::ensure(&mut tx, DEFAULT_ORGANIZATION, 0, clock.now()).await?;
            tx.commit().await?;
        }
        let installation = policy::installation(&mut store.read().await?).await?;
        Ok(Arc::new(App {
            encryption: config.encryption.clone(),
            store,
            installation,
            clock,
            config,
            usage_feed: UsageFeed::default(),
            bookings,
            key_lookups: KeyLookups::default(),
            seats: Seats::new(QUESTIONS_OF_NAMESPACE),
            requests: Places::new(REQUESTS_OF_KEY, REQUESTS_OF_ORGANIZATION),
            streams: Places::new(STREAMS_OF_KEY, STREAMS_OF_ORGANIZATION),
            pages: Semaphore::new(1),
            pace_of_key: Pace::per_minute(access.management_rpm),
            pace_of_address: Pace::per_minute(access.management_rpm_per_address),
            wrong_keys: Pace::per_minute(access.wrong_keys_per_minute),
            logins: Pace::per_minute(LOGINS_PER_MINUTE),
            right_keys: Seen::default(),
            credentials,
            metrics: Metrics::default(),
            outlet,
            mailer,
        }))
    }

    /// The operator's keys and the gateways' tokens in force.
    pub fn credentials(&self) -> Arc<Credentials> {
        let credentials = self.credentials.read();
        credentials.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Replaces them. What was right before is not remembered.
    pub fn replace_credentials(&self, credentials: Credentials) {
        let in_force = self.credentials.write();
        *in_force.unwrap_or_else(PoisonError::into_inner) = Arc::new(credentials);
    }

    /// Now.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}
