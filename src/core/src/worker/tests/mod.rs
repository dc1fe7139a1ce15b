mod beside;
mod delivery;
mod lender;
mod lending;
mod operations;
mod registering;
mod reserved;
mod world;
