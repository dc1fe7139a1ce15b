//! The clients: what a test sends, and what it gets.

mod answer;
mod call;
mod http1;
pub mod http2;
pub mod sse;

pub use answer::Answer;
pub use call::Call;
pub use http1::Connection;
