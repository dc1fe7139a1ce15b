//! The commands: each has its options and a function that runs it.

pub mod apply;
pub mod audit;
pub mod backup;
pub mod check;
pub mod correct;
pub mod costs;
pub mod delete;
pub mod demo;
pub mod describe;
pub mod get;
pub mod init;
pub mod keys;
pub mod login;
pub mod prices;
pub mod quickstart;
pub mod reconcile;
pub mod serve;
pub mod status;
pub mod tail;
pub mod usage;
pub mod verify;
pub mod whoami;
