mod bench;
mod borrowing;
mod holding;
mod metering;
mod order;
mod organizations;
mod refusals;
