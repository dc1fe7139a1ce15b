mod delivery;
mod lender;
mod lending;
mod writing_down;
