mod delivery;
mod lender;
mod lending;
