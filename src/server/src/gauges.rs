//! What is true of the service at the moment that Prometheus asks: gateways, money on lease, budgets,
//! deliveries, connections.
//!
//! What the database knows is read again every ten seconds at most, whoever asks how often.

use crate::clock::{Clock, SystemClock};
use paddock_core::money::Money;
use paddock_core::timestamp::Timestamp;
use paddock_ledger::model::Namespace;
use paddock_ledger::rules::context::spent_of_namespaces;
use paddock_ledger::rules::shares;
use paddock_ledger::store::{Store, StoreError, deliveries, leases, namespaces};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::registry::{Registry, Unit};
use std::sync::atomic::AtomicU64;
use std::time::Duration;

/// How long the database is not asked again.
const AGE: Duration = Duration::from_secs(10);
/// How long the database may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// Since when deliveries that failed for good count.
const DAY: Duration = Duration::from_secs(86_400);
/// Namespaces that have gauges: the first by name that have a monthly budget. Prometheus keeps three series
/// of each.
const NAMESPACES: usize = 2_000;
/// Namespaces that are looked at for one.
const LOOKED_AT: u64 = 20_000;

type Dollars = Gauge<f64, AtomicU64>;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct GatewayLabels {
    gateway: String,
}

/// `ns` as in the gateway's metrics: Kubernetes' scraping uses the label `namespace` itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct BudgetLabels {
    ns: String,
    organization: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StateLabels {
    state: &'static str,
}

/// The gauges.
#[derive(Debug)]
pub struct Gauges {
    /// When the database was asked last.
    asked: tokio::sync::Mutex<Option<Timestamp>>,
    last_syncs: Family<GatewayLabels, Gauge>,
    lent: Family<GatewayLabels, Dollars>,
    limits: Family<BudgetLabels, Dollars>,
    spent: Family<BudgetLabels, Dollars>,
    remaining: Family<BudgetLabels, Dollars>,
    deliveries: Family<StateLabels, Gauge>,
    connections: Family<StateLabels, Gauge>,
    waiting: Gauge,
}

impl Gauges {
    pub(crate) fn new(registry: &mut Registry) -> Gauges {
        let gauges = Gauges {
            asked: tokio::sync::Mutex::default(),
            last_syncs: Family::default(),
            lent: Family::default(),
            limits: Family::default(),
            spent: Family::default(),
            remaining: Family::default(),
            deliveries: Family::default(),
            connections: Family::default(),
            waiting: Gauge::default(),
        };
        let dollars = || Unit::Other("dollars".to_owned());
        registry.register_with_unit(
            "gateway_last_sync_timestamp",
            "When a gateway was last heard of, to within five seconds",
            Unit::Seconds,
            gauges.last_syncs.clone(),
        );
        registry.register_with_unit(
            "gateway_lent",
            "Money that a gateway has on lease",
            dollars(),
            gauges.lent.clone(),
        );
        registry.register_with_unit(
            "budget_limit",
            "Monthly budget of a namespace",
            dollars(),
            gauges.limits.clone(),
        );
        registry.register_with_unit(
            "budget_spent",
            "What a namespace has spent this UTC month, where it has a monthly budget",
            dollars(),
            gauges.spent.clone(),
        );
        registry.register_with_unit(
            "budget_remaining",
            "What is left of a namespace's monthly budget; below zero if it is exceeded",
            dollars(),
            gauges.remaining.clone(),
        );
        registry.register(
            "deliveries",
            "Deliveries of webhooks, Slack messages and mails: pending, or failed for good in the last day",
            gauges.deliveries.clone(),
        );
        registry.register(
            "database_connections",
            "Connections to the database: used or idle",
            gauges.connections.clone(),
        );
        registry.register(
            "booking_queue_messages",
            "Messages of gateways that wait to be booked",
            gauges.waiting.clone(),
        );
        let started = ConstGauge::new(SystemClock.now().secs());
        registry.register_with_unit(
            "start_time",
            "When the service started",
            Unit::Seconds,
            started,
        );
        gauges
    }
}

impl Gauges {
    /// Says what is true at `now`, where so many messages are `waiting` to be booked. What the database does
    /// not answer stays as it was.
    pub(crate) async fn look(&self, store: &Store, waiting: usize, now: Timestamp) {
        let (all, idle) = store.connections();
        self.tell_connections(all, idle);
        self.waiting.set(signed(waiting as u64));
        let mut asked = self.asked.lock().await;
        if asked.is_some_and(|asked| now >= asked && now.since(asked) < AGE) {
            return;
        }
        match tokio::time::timeout(PATIENCE, Seen::read(store, now)).await {
            Ok(Ok(seen)) => {
                self.tell(&seen);
                *asked = Some(now);
            }
            Ok(Err(error)) => tracing::warn!(%error, "the gauges could not be read"),
            Err(_) => tracing::warn!("the gauges could not be read: the database is silent"),
        }
    }

    /// Says how many connections to the database there are, and how many of them nobody uses.
    pub fn tell_connections(&self, all: u64, idle: u64) {
        for (state, number) in [("used", all.saturating_sub(idle)), ("idle", idle)] {
            let gauge = self.connections.get_or_create(&StateLabels { state });
            gauge.set(signed(number));
        }
    }

    /// Says what was seen.
    pub fn tell(&self, seen: &Seen) {
        // What has gone must not stay.
        self.last_syncs.clear();
        for (gateway, at) in &seen.gateways {
            let gateway = gateway.clone();
            let gauge = self.last_syncs.get_or_create(&GatewayLabels { gateway });
            gauge.set(signed(at.secs()));
        }
        self.lent.clear();
        for (gateway, lent) in &seen.lent {
            let gateway = gateway.clone();
            let gauge = self.lent.get_or_create(&GatewayLabels { gateway });
            gauge.set(lent.to_dollars());
        }
        for family in [&self.limits, &self.spent, &self.remaining] {
            family.clear();
        }
        for budget in &seen.budgets {
            let labels = BudgetLabels {
                ns: budget.namespace.clone(),
                organization: budget.organization.clone(),
            };
            for (family, amount) in [
                (&self.limits, budget.quota),
                (&self.spent, budget.spent),
                (&self.remaining, budget.quota.saturating_sub(budget.spent)),
            ] {
                family.get_or_create(&labels).set(amount.to_dollars());
            }
        }
        let deliveries = [
            ("pending", seen.pending_deliveries),
            ("failed", seen.failed_deliveries),
        ];
        for (state, number) in deliveries {
            let gauge = self.deliveries.get_or_create(&StateLabels { state });
            gauge.set(signed(number));
        }
    }
}

/// What the database knows.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// The gateways that were heard of in the last day, and when.
    pub gateways: Vec<(String, Timestamp)>,
    /// What they have on lease.
    pub lent: Vec<(String, Money)>,
    /// Budgets of namespaces.
    pub budgets: Vec<Budget>,
    /// Deliveries that are not at their end.
    pub pending_deliveries: u64,
    /// Deliveries that failed for good in the last day.
    pub failed_deliveries: u64,
}

/// The monthly budget of a namespace.
#[derive(Clone, Debug)]
pub struct Budget {
    /// The namespace.
    pub namespace: String,
    /// Its organization.
    pub organization: String,
    /// The hard cap of a month.
    pub quota: Money,
    /// Spent this UTC month.
    pub spent: Money,
}

impl Seen {
    async fn read(store: &Store, now: Timestamp) -> Result<Seen, StoreError> {
        let mut tx = store.read().await?;
        let heard_of = shares::heard_of(&mut tx, now).await?.into_iter();
        let gateways = heard_of.map(|heard| (heard.gateway, heard.at)).collect();
        let lent = leases::lent(&mut tx).await?.into_iter();
        let (pending_deliveries, failed_deliveries) =
            deliveries::unfinished_and_failed(&mut tx, now.minus(DAY)).await?;
        let all = namespaces::list(&mut tx, None, "", LOOKED_AT).await?;
        let limited = |namespace: Namespace| {
            Some(Budget {
                quota: namespace.limits.monthly_quota?,
                namespace: namespace.name,
                organization: namespace.organization,
                spent: Money::default(),
            })
        };
        let limited = all.into_iter().filter_map(limited).take(NAMESPACES);
        let mut budgets: Vec<Budget> = limited.collect();
        let names: Vec<&str> = budgets.iter().map(|one| one.namespace.as_str()).collect();
        let spent = spent_of_namespaces(&mut tx, &names, now).await?;
        for budget in &mut budgets {
            budget.spent = spent.get(&budget.namespace).copied().unwrap_or_default();
        }
        Ok(Seen {
            gateways,
            lent: lent.map(|lent| (lent.gateway, lent.lent)).collect(),
            budgets,
            pending_deliveries,
            failed_deliveries,
        })
    }
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
