//! A request, to be written exactly as it is told.

use serde_json::{Value, json};

/// How an HTTP/1.1 request says where its body ends.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Framing {
    Nothing,
    Length,
    Chunks(usize),
}

/// One request.
#[derive(Clone, Debug)]
pub struct Call {
    pub method: String,
    pub path: String,
    pub headers: Vec<(String, Vec<u8>)>,
    pub body: Vec<u8>,
    pub trailers: Vec<(String, String)>,
    framing: Framing,
}

impl Call {
    pub fn new(method: &str, path: &str) -> Call {
        Call {
            method: method.to_owned(),
            path: path.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
            trailers: Vec::new(),
            framing: Framing::Nothing,
        }
    }

    pub fn get(path: &str) -> Call {
        Call::new("GET", path)
    }

    pub fn post(path: &str, body: impl AsRef<[u8]>) -> Call {
        Call::new("POST", path).body(body)
    }

    /// A chat of one user message, twelve characters long, which the fake provider counts as three
    /// tokens and answers with sixteen.
    pub fn chat(key: &str) -> Call {
        Call::chat_with(key, &json!({}))
    }

    /// The same with further fields in its body.
    pub fn chat_with(key: &str, fields: &Value) -> Call {
        let mut body = json!({
            "model": "gpt-4.1",
            "messages": [{"role": "user", "content": "Hello, horse"}],
        });
        for (name, value) in fields.as_object().unwrap() {
            body[name] = value.clone();
        }
        Call::post("/v1/chat/completions", body.to_string()).key(key)
    }

    pub fn body(mut self, body: impl AsRef<[u8]>) -> Call {
        self.body = body.as_ref().to_vec();
        self.framing = Framing::Length;
        self.header("content-type", "application/json")
    }

    /// Sends the body in chunks of `size` bytes.
    pub fn chunked(mut self, size: usize) -> Call {
        self.framing = Framing::Chunks(size);
        self
    }

    pub fn trailer(mut self, name: &str, value: &str) -> Call {
        self.trailers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn key(self, key: &str) -> Call {
        self.header("authorization", format!("Bearer {key}"))
    }

    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Call {
        self.headers
            .push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    /// Asks something of the fake provider.
    pub fn fake(self, what: &str, value: impl ToString) -> Call {
        self.header(&format!("x-fake-{what}"), value.to_string())
    }

    /// The body in the pieces it is sent in.
    pub fn pieces(&self) -> Vec<&[u8]> {
        match self.framing {
            Framing::Nothing => Vec::new(),
            Framing::Length => vec![&self.body],
            Framing::Chunks(size) => self.body.chunks(size).collect(),
        }
    }

    /// The head as HTTP/1.1 writes it.
    pub fn head(&self) -> Vec<u8> {
        let mut head = format!(
            "{} {} HTTP/1.1\r\nhost: gateway\r\n",
            self.method, self.path
        );
        match self.framing {
            Framing::Nothing => {}
            Framing::Length => head += &format!("content-length: {}\r\n", self.body.len()),
            Framing::Chunks(_) => head += "transfer-encoding: chunked\r\n",
        }
        let mut head = head.into_bytes();
        for (name, value) in &self.headers {
            head.extend_from_slice(name.as_bytes());
            head.extend_from_slice(b": ");
            head.extend_from_slice(value);
            head.extend_from_slice(b"\r\n");
        }
        head.extend_from_slice(b"\r\n");
        head
    }

    /// Each piece of the body, as HTTP/1.1 writes it, and what comes after the last.
    pub fn framed(&self) -> Vec<Vec<u8>> {
        if !matches!(self.framing, Framing::Chunks(_)) {
            return vec![self.body.clone()];
        }
        let chunk =
            |piece: &[u8]| [format!("{:x}\r\n", piece.len()).as_bytes(), piece, b"\r\n"].concat();
        let mut framed: Vec<Vec<u8>> = self.pieces().into_iter().map(chunk).collect();
        let mut end = "0\r\n".to_owned();
        for (name, value) in &self.trailers {
            end += &format!("{name}: {value}\r\n");
        }
        framed.push((end + "\r\n").into_bytes());
        framed
    }
}
