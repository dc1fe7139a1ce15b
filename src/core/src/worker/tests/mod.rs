mod lender;
mod lending;
