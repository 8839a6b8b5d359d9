//! Values from and to the host.

use crate::sys::*;

/// A value of the ABI, copied; text that is not UTF-8 has U+FFFD in its place.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Null,
    Integer(i64),
    Real(f64),
    Text(String),
    Truth(bool),
    /// Microseconds since 1970-01-01T00:00:00Z.
    Time(i64),
    Blob(Vec<u8>),
    /// Nanoseconds.
    Duration(i64),
    /// Bytes.
    Size(i64),
    List(Vec<Value>),
}

impl Value {
    /// Copies a value; an unknown type reads as null.
    ///
    /// # Safety
    /// What the value points to is still lent by its owner.
    pub unsafe fn copy(value: &mh_value) -> Self {
        match value.type_ {
            MH_INT => Self::Integer(value.as_.integer),
            MH_FLOAT => Self::Real(value.as_.real),
            MH_STRING => Self::Text(String::from_utf8_lossy(value.as_.text.bytes()).into_owned()),
            MH_BOOL => Self::Truth(value.as_.integer != 0),
            MH_TIME => Self::Time(value.as_.integer),
            MH_BLOB => Self::Blob(value.as_.text.bytes().to_vec()),
            MH_DURATION => Self::Duration(value.as_.integer),
            MH_SIZE => Self::Size(value.as_.integer),
            MH_LIST => {
                let list = value.as_.list;
                Self::List(
                    (0..list.count)
                        .filter_map(|i| list.at::<mh_value>(i))
                        .map(|v| Self::copy(&v))
                        .collect(),
                )
            }
            _ => Self::Null,
        }
    }

    /// The number of an integer, truth value, time (µs), duration (ns) or size (bytes).
    pub fn as_integer(&self) -> Option<i64> {
        match self {
            Self::Integer(number) | Self::Time(number) | Self::Duration(number) | Self::Size(number) => Some(*number),
            Self::Truth(truth) => Some(*truth as i64),
            _ => None,
        }
    }

    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// A scalar on its way to the host; text is borrowed.
#[derive(Clone, Copy, Debug)]
pub enum Scalar<'a> {
    Null,
    Integer(i64),
    Real(f64),
    Text(&'a [u8]),
    Truth(bool),
}

impl Scalar<'_> {
    pub(crate) fn raw(&self) -> mh_value {
        match self {
            Self::Null => mh_value::default(),
            Self::Integer(number) => mh_value::integer(*number),
            Self::Real(number) => mh_value::real(*number),
            Self::Text(bytes) => mh_value::text(mh_str::borrow(bytes)),
            Self::Truth(truth) => mh_value::truth(*truth),
        }
    }
}

impl<'a> From<&'a str> for Scalar<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text.as_bytes())
    }
}

impl<'a> From<&'a String> for Scalar<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(text.as_bytes())
    }
}

impl<'a> From<&'a [u8]> for Scalar<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::Text(bytes)
    }
}

impl From<i64> for Scalar<'_> {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<i32> for Scalar<'_> {
    fn from(number: i32) -> Self {
        Self::Integer(number.into())
    }
}

impl From<u32> for Scalar<'_> {
    fn from(number: u32) -> Self {
        Self::Integer(number.into())
    }
}

impl From<f64> for Scalar<'_> {
    fn from(number: f64) -> Self {
        Self::Real(number)
    }
}

impl From<bool> for Scalar<'_> {
    fn from(truth: bool) -> Self {
        Self::Truth(truth)
    }
}
