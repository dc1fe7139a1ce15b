mod bench;
mod borrowing;
mod metering;
mod order;
mod refusals;
