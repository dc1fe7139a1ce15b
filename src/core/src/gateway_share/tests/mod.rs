//! All gateways together never use more than one limit, whatever happens, and little of it is wasted.

mod simulation;
mod world;
