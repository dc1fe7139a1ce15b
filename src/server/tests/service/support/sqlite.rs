//! SQLite databases of the tests: copies of one with the schema.

use paddock_ledger::store::Store;
use std::path::Path;
use tempfile::TempDir;
use tokio::sync::OnceCell;

/// The URL of a fresh database in `folder`, with the schema and nothing else.
pub async fn fresh_database(folder: &Path) -> String {
    static MIGRATED: OnceCell<Vec<u8>> = OnceCell::const_new();
    let file = folder.join("paddock.db");
    std::fs::write(&file, MIGRATED.get_or_init(migrated).await).unwrap();
    url(&file)
}

async fn migrated() -> Vec<u8> {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("paddock.db");
    let store = Store::open(&url(&file)).await.unwrap();
    store.close().await;
    std::fs::read(file).unwrap()
}

fn url(file: &Path) -> String {
    format!("sqlite://{}", file.display())
}
