//! `AggregatedDiscoveryService.DeltaAggregatedResources` over gRPC, the one method that Envoy calls.

use super::delta::Stream;
use super::protobuf::Types;
use super::{Heard, State};
use bytes::{Buf as _, BufMut as _};
use serde_json::Value;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::sync::mpsc;
use tonic::Status;
use tonic::body::Body;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder, Streaming};
use tonic::codegen::http::{Request, Response};
use tonic::codegen::tokio_stream;
use tonic::codegen::{BoxFuture, Service};
use tonic::server::{Grpc, StreamingService};

const PACKAGE: &str = "envoy.service.discovery.v3";

#[derive(Clone, Debug)]
pub struct Discovery {
    pub types: Types,
    pub state: Arc<State>,
}

impl Service<Request<Body>> for Discovery {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Self::Response, Self::Error>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let this = self.clone();
        assert_eq!(
            request.uri().path(),
            format!("/{PACKAGE}.AggregatedDiscoveryService/DeltaAggregatedResources")
        );
        Box::pin(async move {
            let codec = Messages(this.types.clone());
            Ok(Grpc::new(codec).streaming(this, request).await)
        })
    }
}

impl StreamingService<Value> for Discovery {
    type Response = Value;
    type ResponseStream = Responses;
    type Future = std::future::Ready<Result<tonic::Response<Responses>, Status>>;

    fn call(&mut self, request: tonic::Request<Streaming<Value>>) -> Self::Future {
        let (said, responses) = mpsc::channel(16);
        tokio::spawn(talk(self.state.clone(), request.into_inner(), said));
        std::future::ready(Ok(tonic::Response::new(Responses(responses))))
    }
}

/// One proxy, until it goes.
async fn talk(
    state: Arc<State>,
    mut requests: Streaming<Value>,
    said: mpsc::Sender<Result<Value, Status>>,
) {
    let mut changes = state.resources.subscribe();
    let mut stream = Stream::default();
    loop {
        tokio::select! {
            request = requests.message() => {
                let Ok(Some(request)) = request else { return };
                let kind = request["typeUrl"].as_str().unwrap().to_owned();
                let nonce = request["responseNonce"].as_str().unwrap_or_default();
                let heard = match stream.hear(&request) {
                    Err(refusal) => Heard::Refusal(refusal),
                    Ok(()) if nonce.is_empty() => Heard::Question(kind),
                    Ok(()) => Heard::Acceptance(kind),
                };
                state.heard.lock().unwrap().push(heard);
            }
            changed = changes.changed() => if changed.is_err() { return },
        }
        let messages = {
            let current = changes.borrow_and_update();
            stream.say(&current.1, current.0)
        };
        for message in messages {
            if said.send(Ok(message)).await.is_err() {
                return;
            }
        }
    }
}

/// What goes to the proxy.
#[derive(Debug)]
pub struct Responses(mpsc::Receiver<Result<Value, Status>>);

impl tokio_stream::Stream for Responses {
    type Item = Result<Value, Status>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(context)
    }
}

/// JSON here, protobuf on the wire.
#[derive(Clone, Debug)]
struct Messages(Types);

impl Codec for Messages {
    type Encode = Value;
    type Decode = Value;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        self.clone()
    }

    fn decoder(&mut self) -> Self {
        self.clone()
    }
}

impl Encoder for Messages {
    type Item = Value;
    type Error = Status;

    fn encode(&mut self, message: Value, to: &mut EncodeBuf<'_>) -> Result<(), Status> {
        let name = format!("{PACKAGE}.DeltaDiscoveryResponse");
        to.put_slice(&self.0.encode(&name, &message));
        Ok(())
    }
}

impl Decoder for Messages {
    type Item = Value;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Value>, Status> {
        let bytes = from.copy_to_bytes(from.remaining());
        let name = format!("{PACKAGE}.DeltaDiscoveryRequest");
        Ok(Some(self.0.decode(&name, &bytes)))
    }
}
