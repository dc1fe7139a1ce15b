mod delivery;
mod lender;
mod lending;
mod operations;
mod reserved;
mod world;
mod writing_down;
