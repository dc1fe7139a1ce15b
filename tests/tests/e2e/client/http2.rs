//! HTTP/2 with prior knowledge.

use super::{Answer, Call};
use bytes::Bytes;
use h2::client;
use http::{HeaderMap, HeaderName, HeaderValue, Request};
use std::net::SocketAddr;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);

/// Sends a request on a connection of its own.
pub fn send(to: SocketAddr, call: &Call) -> Answer {
    send_all(to, std::slice::from_ref(call)).remove(0)
}

/// Sends requests at once, as streams of one connection.
pub fn send_all(to: SocketAddr, calls: &[Call]) -> Vec<Answer> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let work = async {
        let socket = tokio::net::TcpStream::connect(to).await.unwrap();
        let (client, connection) = client::handshake(socket).await.unwrap();
        let driver = tokio::spawn(connection);
        let exchanges: Vec<_> = (calls.iter().cloned())
            .map(|call| tokio::spawn(exchange(client.clone(), call)))
            .collect();
        let mut answers = Vec::new();
        for exchange in exchanges {
            answers.push(exchange.await.unwrap());
        }
        driver.abort();
        answers
    };
    runtime.block_on(async {
        tokio::time::timeout(PATIENCE, work)
            .await
            .expect("no answer")
    })
}

async fn exchange(client: client::SendRequest<Bytes>, call: Call) -> Answer {
    let mut answer = Answer::to(&call);
    let mut client = client.ready().await.unwrap();
    let mut request = Request::builder()
        .method(call.method.as_str())
        .uri(format!("http://gateway{}", call.path))
        .body(())
        .unwrap();
    *request.headers_mut() = headers(call.headers.iter().map(|(n, v)| (n.as_str(), v.as_slice())));
    let pieces = call.pieces();
    let (response, mut stream) = client.send_request(request, pieces.is_empty()).unwrap();
    let has_trailers = !call.trailers.is_empty();
    for (at, piece) in pieces.iter().enumerate() {
        let last = at + 1 == pieces.len() && !has_trailers;
        if write(&mut stream, piece, last).await.is_err() {
            break; // The gateway has answered already.
        }
    }
    if has_trailers {
        let trailers = call
            .trailers
            .iter()
            .map(|(n, v)| (n.as_str(), v.as_bytes()));
        let _ = stream.send_trailers(headers(trailers));
    }
    let Ok(response) = response.await else {
        return answer;
    };
    answer.status = response.status().as_u16();
    answer.headers = list(response.headers());
    let mut body = response.into_body();
    while let Some(piece) = body.data().await {
        let Ok(piece) = piece else { return answer };
        let _ = body.flow_control().release_capacity(piece.len());
        answer.body.extend_from_slice(&piece);
    }
    if let Ok(trailers) = body.trailers().await {
        answer.trailers = trailers.as_ref().map(list).unwrap_or_default();
        answer.complete = true;
    }
    answer
}

/// Writes as far as the window allows at a time.
async fn write(stream: &mut h2::SendStream<Bytes>, piece: &[u8], last: bool) -> Result<(), ()> {
    let mut rest = Bytes::copy_from_slice(piece);
    loop {
        stream.reserve_capacity(rest.len());
        let room = if rest.is_empty() {
            0
        } else {
            let room = std::future::poll_fn(|context| stream.poll_capacity(context)).await;
            room.ok_or(())?.map_err(drop)?
        };
        let part = rest.split_to(room.min(rest.len()));
        let end = rest.is_empty();
        stream.send_data(part, end && last).map_err(drop)?;
        if end {
            return Ok(());
        }
    }
}

fn headers<'a>(fields: impl Iterator<Item = (&'a str, &'a [u8])>) -> HeaderMap {
    fields
        .map(|(name, value)| {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            (name, HeaderValue::from_bytes(value).unwrap())
        })
        .fold(HeaderMap::new(), |mut map, (name, value)| {
            map.append(name, value);
            map
        })
}

fn list(map: &HeaderMap) -> Vec<(String, Vec<u8>)> {
    map.iter()
        .map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()))
        .collect()
}
