//! Envoy's own messages, from JSON and back. An Envoy carries the descriptors of all messages that it knows, so
//! whatever version is tested, what it is told is written in its own terms, and what it does not know fails here.

mod nothing;

use prost_reflect::prost::Message as _;
use prost_reflect::prost_types::FileDescriptorProto;
use prost_reflect::{DescriptorPool, DeserializeOptions, DynamicMessage};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// The end of each file's name, and the tag of the package that follows it.
const NAME_ENDS: &[u8] = b".proto\x12";

#[derive(Clone, Debug)]
pub struct Types(DescriptorPool);

impl Types {
    /// Those of an Envoy.
    pub fn of(envoy: &Path) -> Self {
        let program = std::fs::read(envoy).unwrap();
        let mut files = BTreeMap::new();
        for at in memchr::memmem::find_iter(&program, NAME_ENDS) {
            let file = start(&program, at + NAME_ENDS.len() - 1)
                .and_then(|start| FileDescriptorProto::decode(whole(&program[start..])).ok());
            if let Some(file) = file {
                files.insert(file.name().to_owned(), file);
            }
        }
        let mut pool = DescriptorPool::new();
        pool.add_file_descriptor_protos(files.into_values())
            .unwrap();
        Self(pool)
    }

    /// A message as bytes. Fields that Envoy does not know are an error.
    pub fn encode(&self, name: &str, value: &Value) -> Vec<u8> {
        let kind = self.0.get_message_by_name(name).unwrap();
        let options = DeserializeOptions::new().deny_unknown_fields(true);
        let mut value = value.clone();
        nothing::mark(&mut value);
        let mut message = DynamicMessage::deserialize_with_options(kind, value, &options)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        nothing::unmark(&mut message);
        message.encode_to_vec()
    }

    /// What a message says, as JSON.
    pub fn decode(&self, name: &str, bytes: &[u8]) -> Value {
        let kind = self.0.get_message_by_name(name).unwrap();
        let message = DynamicMessage::decode(kind, bytes).unwrap();
        serde_json::to_value(message).unwrap()
    }
}

/// Where the file begins whose name ends before `end`: with the name's tag and its length.
fn start(program: &[u8], end: usize) -> Option<usize> {
    (1..128).find_map(|length: usize| {
        let start = end.checked_sub(length + 2)?;
        let begins = program[start] == 0x0a && usize::from(program[start + 1]) == length;
        begins.then_some(start)
    })
}

/// The fields of a FileDescriptorProto at the start of some bytes. They are written in the order of their numbers;
/// the first that is none ends it.
fn whole(bytes: &[u8]) -> &[u8] {
    const SYNTAX: u8 = 12;
    let (mut end, mut last) = (0, 0);
    while let Some((number, length)) = field(&bytes[end..]) {
        if number < last || last == SYNTAX {
            break;
        }
        last = number;
        end += length;
    }
    &bytes[..end]
}

/// The number of a field and how long all of it is: those of a file are texts and messages, but for two.
fn field(bytes: &[u8]) -> Option<(u8, usize)> {
    let tag = *bytes.first()?;
    let (number, kind) = (tag >> 3, tag & 7);
    let (value, used) = varint(bytes.get(1..)?)?;
    let length = match (number, kind) {
        (1..=8 | 12, 2) => 1 + used + usize::try_from(value).ok()?,
        (10 | 11, 0) => 1 + used,
        _ => return None,
    };
    (length <= bytes.len()).then_some((number, length))
}

fn varint(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut value = 0;
    for (index, byte) in bytes.iter().take(5).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((value, index + 1));
        }
    }
    None
}
