//! The values bound to a statement's `$1`, `$2`, ….

use super::columns::{Bind, Sink};

/// One bound value: the three column types both databases share.
#[derive(Clone, Debug)]
pub enum Value {
    /// BIGINT.
    Int(Option<i64>),
    /// TEXT.
    Text(Option<String>),
    /// BOOLEAN.
    Bool(Option<bool>),
}

/// The values of one statement, in order.
pub type Args = Vec<Value>;

impl Sink for Args {
    fn int(&mut self, value: Option<i64>) {
        self.push(Value::Int(value));
    }

    fn flag(&mut self, value: Option<bool>) {
        self.push(Value::Bool(value));
    }

    fn text(&mut self, value: Option<&str>) {
        self.push(Value::Text(value.map(str::to_owned)));
    }
}

impl Value {
    /// The value of one column.
    pub(super) fn of(value: &(impl Bind + ?Sized)) -> Value {
        let mut values = Args::with_capacity(1);
        value.bind(&mut values);
        values.pop().unwrap_or(Value::Int(None))
    }
}

/// The values of one statement: `args![id, name]`.
macro_rules! args {
    ($($value:expr),* $(,)?) => {{
        #[allow(unused_mut)]
        let mut values = $crate::store::Args::new();
        $($crate::store::columns::Bind::bind(&$value, &mut values);)*
        values
    }};
}
pub(crate) use args;
