//! What a client can write to a socket.

mod bodies;
mod forwarding;
mod headers;
mod local_replies;
mod paths;
mod secrets;
