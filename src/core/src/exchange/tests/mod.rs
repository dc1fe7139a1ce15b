mod bench;
mod borrowing;
mod end_users;
mod holding;
mod metering;
mod order;
mod organizations;
mod refusals;
