//! Somebody who is told: a server that keeps what is posted to it, and says thank you.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

/// What takes longer has failed.
const PATIENCE: Duration = Duration::from_secs(30);

/// Something that was posted.
#[derive(Debug)]
pub struct Posted {
    headers: Vec<(String, String)>,
    pub body: String,
}

impl Posted {
    #[track_caller]
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(other, _)| other == name);
        &found.unwrap_or_else(|| panic!("no {name}: {self:?}")).1
    }
}

pub struct Listening {
    pub url: String,
    posted: Receiver<Posted>,
}

impl Listening {
    pub fn start() -> Listening {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let (tell, posted) = channel();
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                let tell = tell.clone();
                std::thread::spawn(move || take(connection.unwrap(), &tell));
            }
        });
        Listening { url, posted }
    }

    /// The next that comes.
    #[track_caller]
    pub fn next(&self) -> Posted {
        self.posted.recv_timeout(PATIENCE).expect("nothing came")
    }
}

fn take(connection: TcpStream, tell: &Sender<Posted>) {
    let mut reader = BufReader::new(connection.try_clone().unwrap());
    let mut writer = connection;
    loop {
        let mut headers = Vec::new();
        let mut line = String::new();
        while reader.read_line(&mut line).is_ok_and(|read| read > 0) && !line.trim().is_empty() {
            if let Some((name, value)) = line.trim().split_once(": ") {
                headers.push((name.to_ascii_lowercase(), value.to_owned()));
            }
            line.clear();
        }
        let length = headers.iter().find(|(name, _)| name == "content-length");
        let Some((_, length)) = length else {
            return; // The connection was closed.
        };
        let mut body = vec![0; length.parse().unwrap()];
        reader.read_exact(&mut body).unwrap();
        let body = String::from_utf8(body).unwrap();
        writer
            .write_all(b"HTTP/1.1 204 No Content\r\n\r\n")
            .unwrap();
        // Nobody may be waiting for it any more.
        let _ = tell.send(Posted { headers, body });
    }
}
