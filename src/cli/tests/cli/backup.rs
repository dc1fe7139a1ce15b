//! `paddock backup`, while the service runs.

use crate::support::{Service, paddock, run};
use std::os::unix::fs::PermissionsExt;
use tempfile::TempDir;

#[test]
fn a_copy_of_a_database_in_use_is_whole_and_serves() {
    let service = Service::start();
    service.paddock(&["keys", "create", "kept"]).expect(0);
    let database = service.database();
    let folder = TempDir::new().unwrap();
    let copy = folder.path().join("copy.db");
    let backup = || {
        let mut command = paddock();
        command
            .arg("backup")
            .arg(&copy)
            .env("PADDOCK_DATABASE_URL", &database);
        run(&mut command, "")
    };
    assert!(backup().expect(0).contains("integrity was checked"));
    assert_eq!(
        std::fs::metadata(&copy).unwrap().permissions().mode() & 0o777,
        0o600
    );
    assert!(backup().fails(1).contains("does not exist yet"));
    let restored = Service::on(&copy.display().to_string(), folder, &[]);
    assert!(
        restored
            .paddock(&["get", "keys"])
            .expect(0)
            .contains("kept")
    );
}

#[test]
fn what_is_no_sqlite_database_is_not_copied() {
    let folder = TempDir::new().unwrap();
    let copy = folder.path().join("copy.db");
    for (url, reason) in [
        ("postgres://u:secret@h/d", "pg_dump"),
        ("/nowhere/paddock.db", "cannot open the database"),
    ] {
        let mut command = paddock();
        command
            .arg("backup")
            .arg(&copy)
            .env("PADDOCK_DATABASE_URL", url);
        let error = run(&mut command, "").fails(1);
        assert!(
            error.contains(reason) && !error.contains("u:secret"),
            "{error}"
        );
        assert!(!copy.exists());
    }
}
