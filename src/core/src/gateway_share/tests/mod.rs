//! All gateways together never use more than one limit, whatever happens, and little of it is wasted.

mod cost;
mod fleet;
mod gateway;
mod random;
mod service;
mod setting;
mod simulation;
mod world;
