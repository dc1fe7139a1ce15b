//! Envoy Gateway fetches the filter's image and serves the file in it to its Envoys by HTTP, under its SHA-256.

use ring::digest::{SHA256, digest};
use std::io::{Read as _, Write as _};
use std::net::TcpListener;

/// The filter's code, to be had at a port of this machine.
#[derive(Debug)]
pub struct Code {
    pub port: u16,
    /// In hexadecimal.
    pub sha256: String,
}

impl Code {
    /// Serves it until the process ends.
    pub fn serve() -> Self {
        let wasm = std::fs::read(paddock_local::wasm().unwrap()).unwrap();
        let sha256: String = digest(&SHA256, &wasm)
            .as_ref()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let path = format!("GET /{sha256}.wasm ");
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let mut head = [0; 4096];
                let read = stream.read(&mut head).unwrap_or(0);
                let (status, body) = match head[..read].starts_with(path.as_bytes()) {
                    true => ("200 OK", wasm.as_slice()),
                    false => ("404 Not Found", [].as_slice()),
                };
                let length = body.len();
                let head = format!(
                    "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
                );
                let _ = stream.write_all(head.as_bytes());
                let _ = stream.write_all(body);
            }
        });
        Self { port, sha256 }
    }
}
