//! What can go wrong with the database.

use sqlx::sqlite::SqliteError;

/// What can go wrong with the database.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database refused or could not be reached.
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
    /// The connection was lost while a transaction was committed.
    #[error("database: commit: {0}")]
    Commit(sqlx::Error),
    /// The schema could not be brought up to date.
    #[error("migrations: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// The URL names another kind of database.
    #[error(
        "databases of {0}:// are not supported: use sqlite:///PATH, a path, or postgres://USER:PASSWORD@HOST/NAME"
    )]
    Scheme(String),
    /// The database is absent or empty, and was expected to be there.
    #[error("the database is absent or empty")]
    New,
    /// A stored value is not what this program writes.
    #[error("stored value of {what} is unreadable: {value}")]
    Corrupt {
        /// Which column.
        what: &'static str,
        /// What it holds.
        value: String,
    },
    /// What several wanted together failed for all of them.
    #[error("{0}")]
    Shared(std::sync::Arc<StoreError>),
}

/// Why a call failed that may succeed later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The database does not answer, or is busy. Nothing was changed.
    Silent,
    /// There is no room on its disk. Nothing was changed.
    Full,
    /// Its files cannot be read or written, or it has no memory. Nothing was changed.
    Broken,
    /// The connection was lost at the end: it is not known whether the change was made.
    Uncertain,
}

impl StoreError {
    /// The task that had the work ended without an answer.
    pub fn abandoned() -> StoreError {
        StoreError::Database(sqlx::Error::WorkerCrashed)
    }

    /// Why the same call may succeed later; `None` if it will not.
    pub fn fault(&self) -> Option<Fault> {
        match self {
            StoreError::Database(error) => fault_of(error),
            StoreError::Commit(error) if is_lost(error) => Some(Fault::Uncertain),
            // The database itself refused to commit: it rolled back.
            StoreError::Commit(error) => fault_of(error),
            StoreError::Migration(_)
            | StoreError::Scheme(_)
            | StoreError::New
            | StoreError::Corrupt { .. } => None,
            StoreError::Shared(error) => error.fault(),
        }
    }

    /// Whether the same call may succeed later.
    pub fn is_transient(&self) -> bool {
        self.fault().is_some()
    }

    /// Whether a row was meant for a partition that is no longer the one it belongs to, because its
    /// day's was made at that moment: again, it finds its place.
    pub fn is_misplaced(&self) -> bool {
        matches!(self, StoreError::Database(sqlx::Error::Database(error))
            if error.code().as_deref() == Some("23514") && error.constraint().is_none())
    }

    /// Whether the values are at fault that were to be stored, and not the database: with others the same
    /// statement would succeed.
    pub fn is_of_values(&self) -> bool {
        let StoreError::Database(sqlx::Error::Database(error)) = self else {
            return false;
        };
        if error.is_unique_violation() || self.is_misplaced() {
            return false;
        }
        let code = error.code().unwrap_or_default();
        match error.try_downcast_ref::<SqliteError>() {
            Some(_) => sqlite_refuses_values(&code),
            None => postgres_refuses_values(&code),
        }
    }

    /// Whether a row of that identity is there already.
    pub fn is_duplicate(&self) -> bool {
        matches!(self, StoreError::Database(sqlx::Error::Database(error))
            if error.is_unique_violation())
    }
}

/// Whether the connection is gone, so that nobody says how it ended.
fn is_lost(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(error) => error
            .code()
            .is_some_and(|code| code.starts_with("57P") || code.starts_with("08")),
        _ => true,
    }
}

fn fault_of(error: &sqlx::Error) -> Option<Fault> {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::BeginFailed => Some(Fault::Silent),
        sqlx::Error::Database(error) => {
            let code = error.code()?;
            match error.try_downcast_ref::<SqliteError>() {
                Some(_) => sqlite_fault(&code),
                None => postgres_fault(&code),
            }
        }
        _ => None,
    }
}

/// By the primary result code (<https://www.sqlite.org/rescode.html>): the low byte.
fn sqlite_fault(code: &str) -> Option<Fault> {
    match code.parse::<u32>().ok()? & 0xff {
        // BUSY, LOCKED, INTERRUPT.
        5 | 6 | 9 => Some(Fault::Silent),
        // FULL.
        13 => Some(Fault::Full),
        // NOMEM, READONLY, IOERR, CANTOPEN, PROTOCOL.
        7 | 8 | 10 | 14 | 15 => Some(Fault::Broken),
        _ => None,
    }
}

/// By the SQLSTATE (<https://www.postgresql.org/docs/current/errcodes-appendix.html>).
fn postgres_fault(code: &str) -> Option<Fault> {
    match code {
        // Serialization failure, deadlock, lock time-out, cancelled, too many connections.
        "40001" | "40P01" | "55P03" | "57014" | "53300" => Some(Fault::Silent),
        // Shutting down, crashed, starting, database dropped, idle too long.
        code if code.starts_with("57P") || code.starts_with("08") => Some(Fault::Silent),
        "53100" => Some(Fault::Full),
        // Out of memory, I/O error, read only since it became a standby.
        "53200" | "58030" | "25006" => Some(Fault::Broken),
        _ => None,
    }
}

/// By the primary result code (<https://www.sqlite.org/rescode.html>): TOOBIG, CONSTRAINT, MISMATCH.
fn sqlite_refuses_values(code: &str) -> bool {
    let code = code.parse::<u32>().ok();
    code.is_some_and(|code| matches!(code & 0xff, 18..=20))
}

/// By the class of the SQLSTATE (<https://www.postgresql.org/docs/current/errcodes-appendix.html>): data
/// exception, integrity constraint violation, program limit exceeded.
fn postgres_refuses_values(code: &str) -> bool {
    ["22", "23", "54"]
        .iter()
        .any(|class| code.starts_with(class))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_at_fault_are_known_from_a_database_at_fault() {
        for code in ["19", "1811", "18", "20"] {
            assert!(sqlite_refuses_values(code), "{code}");
        }
        for code in ["1", "5", "11", "13", "x"] {
            assert!(!sqlite_refuses_values(code), "{code}");
        }
        for code in ["22003", "23514", "54000"] {
            assert!(postgres_refuses_values(code), "{code}");
        }
        for code in ["42P01", "53100", "40001", "XX000"] {
            assert!(!postgres_refuses_values(code), "{code}");
        }
    }

    #[test]
    fn what_passes_is_known_from_what_does_not() {
        for (code, fault) in [
            ("13", Some(Fault::Full)),
            ("5", Some(Fault::Silent)),
            ("517", Some(Fault::Silent)),
            ("778", Some(Fault::Broken)),
            ("11", None),
            ("1", None),
            ("2067", None),
        ] {
            assert_eq!(sqlite_fault(code), fault, "{code}");
        }
        for (code, fault) in [
            ("53100", Some(Fault::Full)),
            ("57P01", Some(Fault::Silent)),
            ("08006", Some(Fault::Silent)),
            ("25006", Some(Fault::Broken)),
            ("23505", None),
        ] {
            assert_eq!(postgres_fault(code), fault, "{code}");
        }
        let lost = || sqlx::Error::Io(std::io::ErrorKind::UnexpectedEof.into());
        assert_eq!(StoreError::Database(lost()).fault(), Some(Fault::Silent));
        assert_eq!(StoreError::Commit(lost()).fault(), Some(Fault::Uncertain));
    }
}
