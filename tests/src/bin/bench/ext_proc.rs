//! The server of the contender `ext-proc`: an external processor that lets everything pass.
//!
//! Envoy asks with a `ProcessingRequest` and goes on after the `ProcessingResponse` of the same kind
//! (envoy/service/ext_proc/v3/external_processor.proto). Of the question only its kind is read, the
//! number of the field that is set; the answer is that field of the response, empty, which means
//! "continue". Nothing can do less, so this is the least that any external processor costs.

use bytes::{Buf, BufMut};
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};
use tonic::Status;
use tonic::body::Body;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder, Streaming};
use tonic::codegen::Service;
use tonic::codegen::http::{Request, Response};
use tonic::server::{Grpc, StreamingService};
use tonic::transport::server::{Server, TcpIncoming};

/// Starts it on a free port, on the runtime of the caller.
pub fn start() -> anyhow::Result<SocketAddr> {
    let listener = TcpIncoming::bind(([127, 0, 0, 1], 0).into())?.with_nodelay(Some(true));
    let address = listener.local_addr()?;
    tokio::spawn(Server::builder().serve_with_incoming(Processor, listener));
    Ok(address)
}

/// Answers every call as `ExternalProcessor.Process`, the one method there is.
#[derive(Clone, Copy, Debug)]
struct Processor;

impl Service<Request<Body>> for Processor {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut TaskContext<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        Box::pin(async move { Ok(Grpc::new(Kinds).streaming(Processor, request).await) })
    }
}

impl StreamingService<Kind> for Processor {
    type Response = Kind;
    type ResponseStream = Streaming<Kind>;
    type Future = Ready<Result<tonic::Response<Streaming<Kind>>, Status>>;

    /// What was asked is what is answered, message by message.
    fn call(&mut self, request: tonic::Request<Streaming<Kind>>) -> Self::Future {
        ready(Ok(tonic::Response::new(request.into_inner())))
    }
}

/// The number of a field of `ProcessingResponse`: 1 to 6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Kind(u8);

impl Kind {
    /// From the first byte of a `ProcessingRequest`: the field's number, and 2 for "length follows"
    /// (<https://protobuf.dev/programming-guides/encoding/>). Its fields 2 to 7 are the response's 1
    /// to 6.
    fn asked(byte: u8) -> Option<Self> {
        let number = byte >> 3;
        let known = byte & 7 == 2 && (2..=7).contains(&number);
        known.then(|| Self(number.saturating_sub(1)))
    }

    /// The whole response: the field with nothing in it.
    fn answer(self) -> [u8; 2] {
        [self.0 << 3 | 2, 0]
    }
}

/// Reads and writes kinds.
#[derive(Clone, Copy, Debug)]
struct Kinds;

impl Codec for Kinds {
    type Encode = Kind;
    type Decode = Kind;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Kinds {
    type Item = Kind;
    type Error = Status;

    fn encode(&mut self, kind: Kind, to: &mut EncodeBuf<'_>) -> Result<(), Status> {
        to.put_slice(&kind.answer());
        Ok(())
    }
}

impl Decoder for Kinds {
    type Item = Kind;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Kind>, Status> {
        let first = from.chunk().first().copied();
        from.advance(from.remaining());
        let kind = first.and_then(Kind::asked);
        kind.map(Some)
            .ok_or_else(|| Status::invalid_argument("no kind of request"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_answered_with_its_own() {
        // request_headers, response_headers, request_body, response_body
        for (asked, answered) in [(0x12, 0x0a), (0x1a, 0x12), (0x22, 0x1a), (0x2a, 0x22)] {
            assert_eq!(Kind::asked(asked).unwrap().answer(), [answered, 0]);
        }
        for unknown in [0x0a, 0x10, 0x42] {
            assert_eq!(Kind::asked(unknown), None);
        }
    }
}
