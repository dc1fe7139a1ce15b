//! The one place that draws randomness and makes identifiers.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use paddock_core::secret;
use paddock_core::timestamp::Timestamp;

/// The highest lease id: a JSON number every client can hold exactly.
const LEASE_ID_BITS: u32 = 53;

/// A new key's id: `key_` and a UUID of version 7, without hyphens.
pub fn key_id(now: Timestamp) -> String {
    format!("key_{}", uuid_v7(now).simple())
}

/// A new member's id: `mem_` and a UUID of version 7, without hyphens.
pub fn member_id(now: Timestamp) -> String {
    format!("mem_{}", uuid_v7(now).simple())
}

/// A new request id, for answers and logs.
pub fn request_id(now: Timestamp) -> String {
    format!("req_{}", uuid_v7(now).simple())
}

/// A new key's secret: 256 random bits in the project's key format.
pub fn key_secret() -> String {
    secret::write(&random())
}

/// A new lease's id: 53 random bits, never zero.
pub fn lease_id() -> i64 {
    let bits = i64::from_be_bytes(random()) & ((1 << LEASE_ID_BITS) - 1);
    bits.max(1)
}

/// A new number for the events of one batch: seconds since 1970 and 31 random bits, so that those of
/// one time lie together in an index.
pub fn audit_batch(now: Timestamp) -> i64 {
    let random = i64::from(u32::from_be_bytes(random()) >> 1);
    let seconds = i64::try_from(now.secs()).unwrap_or(0) & 0xffff_ffff;
    ((seconds << 31) | random).max(1)
}

/// The lowest number that a batch of this moment or later can have.
pub fn first_audit_batch(at: Timestamp) -> i64 {
    let seconds = i64::try_from(at.secs()).unwrap_or(0) & 0xffff_ffff;
    seconds << 31
}

/// The second in which a batch got its number.
pub fn moment_of_audit_batch(batch: i64) -> Timestamp {
    Timestamp::from_secs(u64::try_from(batch >> 31).unwrap_or(0))
}

/// A new webhook's id: `wh_` and a UUID of version 7, without hyphens.
pub fn webhook_id(now: Timestamp) -> String {
    format!("wh_{}", uuid_v7(now).simple())
}

/// A new alert's id.
pub fn alert_id(now: Timestamp) -> String {
    format!("alr_{}", uuid_v7(now).simple())
}

/// The id of something to be told: the receiver tells repetitions by it.
pub fn event_id(now: Timestamp) -> String {
    format!("evt_{}", uuid_v7(now).simple())
}

/// The id of one delivery of it.
pub fn delivery_id(now: Timestamp) -> String {
    format!("dlv_{}", uuid_v7(now).simple())
}

/// A new credit entry's id.
pub fn credit_id(now: Timestamp) -> String {
    format!("crd_{}", uuid_v7(now).simple())
}

/// A new id of an entry of the ledger that is no call.
pub fn ledger_entry_id(now: Timestamp) -> String {
    uuid_v7(now).to_string()
}

/// The id of a new account of a prepaid balance.
pub fn account_id(now: Timestamp) -> String {
    format!("acc_{}", uuid_v7(now).simple())
}

/// The reference of an entry that was made by itself.
pub fn refill_reference(now: Timestamp) -> String {
    format!("auto-refill:{}", uuid_v7(now).simple())
}

/// The least id a usage event can have that started at `at`.
pub fn first_event_id(at: Timestamp) -> String {
    let id = uuid::Builder::from_unix_timestamp_millis(at.millis(), &[0; 10]);
    id.into_uuid().to_string()
}

/// A new webhook's secret: `whsec_` and the Base64 of 256 random bits.
pub fn webhook_secret() -> String {
    format!("whsec_{}", STANDARD.encode(random::<32>()))
}

/// What a browser has that is logged in: 256 random bits in hex.
pub fn session_token() -> String {
    hex::encode(random::<32>())
}

/// Any number, for waits that are to differ.
pub fn jitter() -> u64 {
    u64::from_be_bytes(random())
}

fn uuid_v7(now: Timestamp) -> uuid::Uuid {
    uuid::Builder::from_unix_timestamp_millis(now.millis(), &random()).into_uuid()
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::fill(&mut bytes);
    bytes
}
