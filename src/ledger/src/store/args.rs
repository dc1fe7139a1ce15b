//! The values bound to a statement's `$1`, `$2`, ….

use paddock_core::money::Money;
use paddock_core::timestamp::Timestamp;

/// One bound value: the three column types both databases share.
#[derive(Clone, Debug)]
pub enum Value {
    /// BIGINT.
    Int(Option<i64>),
    /// TEXT.
    Text(Option<String>),
    /// BOOLEAN.
    Bool(bool),
}

/// The values of one statement, in order.
pub type Args = Vec<Value>;

macro_rules! value_from {
    ($($from:ty, $value:ident => $to:expr;)*) => {$(
        impl From<$from> for Value {
            fn from($value: $from) -> Value { $to }
        }
    )*};
}

value_from! {
    i64, value => Value::Int(Some(value));
    Option<i64>, value => Value::Int(value);
    u64, value => Value::Int(Some(super::stored(value)));
    Option<u64>, value => Value::Int(value.map(super::stored));
    bool, value => Value::Bool(value);
    &str, value => Value::Text(Some(value.to_owned()));
    &String, value => Value::Text(Some(value.clone()));
    String, value => Value::Text(Some(value));
    Option<String>, value => Value::Text(value);
    Money, value => Value::Int(Some(value.nanos()));
    Option<Money>, value => Value::Int(value.map(Money::nanos));
    Timestamp, value => Value::Int(Some(super::stored(value.nanos())));
    Option<Timestamp>, value => Value::Int(value.map(|at| super::stored(at.nanos())));
}

/// Where a row's values go, column by column: to a statement, or into a message of COPY.
pub(super) trait Columns {
    /// A BIGINT.
    fn int(&mut self, value: i64);
    /// A BOOLEAN.
    fn flag(&mut self, value: bool);
    /// A TEXT.
    fn text(&mut self, value: &str);
    /// A TEXT or NULL.
    fn optional_text(&mut self, value: Option<&str>);
}

impl Columns for Args {
    fn int(&mut self, value: i64) {
        self.push(value.into());
    }

    fn flag(&mut self, value: bool) {
        self.push(value.into());
    }

    fn text(&mut self, value: &str) {
        self.push(value.into());
    }

    fn optional_text(&mut self, value: Option<&str>) {
        self.push(Value::Text(value.map(str::to_owned)));
    }
}

/// The values of one statement: `args![id, name]`.
macro_rules! args {
    ($($value:expr),* $(,)?) => { vec![$($crate::store::Value::from($value)),*] };
}
pub(crate) use args;
