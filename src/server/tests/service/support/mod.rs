//! What the tests share.

mod app;
mod earlier;
mod gateway;
mod postgres;
mod receiver;
mod smtp;
mod sqlite;

pub use app::{ADMIN, Answer, Backend, GATEWAY, TestApp};
pub use earlier::taken_over;
pub use gateway::{Event, Gateway};
pub use receiver::Receiver;
pub use smtp::SmtpSink;

/// Makes two tests of each body: one on SQLite, one on PostgreSQL.
macro_rules! on_both_databases {
    ($(async fn $name:ident($app:ident) $body:block)*) => {$(
        mod $name {
            use super::*;
            use $crate::support::{Backend, TestApp};

            async fn body($app: &TestApp) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                body(&TestApp::start(Backend::Sqlite).await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                body(&TestApp::start(Backend::Postgres).await).await;
            }
        }
    )*};
}
pub(crate) use on_both_databases;
