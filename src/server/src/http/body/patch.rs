//! A field that may be left out and may be emptied.

use crate::http::error::ApiError;

/// What was sent for a field: nothing (`None`), `null` (`Some(None)`) or a value. The struct it belongs
/// to is read by `serde_with`'s `double_option`, which tells the first two apart.
pub trait Patch<T>: Sized {
    /// The value, if one was sent.
    fn value(self) -> Option<T>;

    /// Changes a setting that may be absent: `null` empties it.
    fn apply<U: From<T>>(self, setting: &mut Option<U>);

    /// Changes a setting that has a default: `null` brings it back.
    fn set_or<U: From<T>>(self, setting: &mut U, default: U);

    /// Changes a setting that always has a value: `null` leaves it as it is.
    fn set<U: From<T>>(self, setting: &mut U) {
        if let Some(value) = self.value() {
            *setting = value.into();
        }
    }

    /// The value of a field that must be sent.
    ///
    /// # Errors
    /// 400 if it is absent or `null`.
    fn required(self, name: &str) -> Result<T, ApiError> {
        self.value().ok_or_else(|| ApiError::missing(name))
    }
}

impl<T> Patch<T> for Option<Option<T>> {
    fn value(self) -> Option<T> {
        self.flatten()
    }

    fn apply<U: From<T>>(self, setting: &mut Option<U>) {
        if let Some(sent) = self {
            *setting = sent.map(U::from);
        }
    }

    fn set_or<U: From<T>>(self, setting: &mut U, default: U) {
        if let Some(sent) = self {
            *setting = sent.map_or(default, U::from);
        }
    }
}
