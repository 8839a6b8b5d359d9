//! Where lines go: a file that is appended to, or a UNIX socket that is connected to.

use modhost::sys::MH_E_INVALID;
use modhost::Failure;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{Result, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixStream;
use std::time::Duration;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    File(String),
    Socket(String),
}

impl Place {
    pub fn parse(text: &str) -> std::result::Result<Self, Failure> {
        let fail = |text: String| Err(Failure::new(MH_E_INVALID, text));
        let (place, path) = match text.split_once(':') {
            Some(("file", path)) => (Self::File(path.to_string()), path),
            Some(("unix", path)) => (Self::Socket(path.to_string()), path),
            _ => return fail(format!("output \"{text}\": expected file:/PATH or unix:/PATH")),
        };
        if !path.starts_with('/') || path.contains('\0') {
            return fail(format!("output \"{text}\": its path must be absolute"));
        }
        Ok(place)
    }

    pub fn open(&self) -> Result<Output> {
        match self {
            Self::File(path) => {
                let file = OpenOptions::new().append(true).create(true).mode(0o640).open(path)?;
                Ok(Output::File(file))
            }
            Self::Socket(path) => {
                let socket = UnixStream::connect(path)?;
                // A reader that takes nothing holds the writer up that long, and no stop for ever.
                socket.set_write_timeout(Some(Duration::from_secs(2)))?;
                Ok(Output::Socket(socket))
            }
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(out, "file:{path}"),
            Self::Socket(path) => write!(out, "unix:{path}"),
        }
    }
}

pub enum Output {
    File(File),
    Socket(UnixStream),
}

impl Output {
    /// Writes all of it; after an error part of it may be out.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        match self {
            Self::File(file) => file.write_all(bytes),
            Self::Socket(socket) => socket.write_all(bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_absolute_paths_with_a_scheme() {
        assert_eq!(Place::parse("file:/a/b").map(|p| p.to_string()).as_deref(), Ok("file:/a/b"));
        assert_eq!(Place::parse("unix:/a"), Ok(Place::Socket("/a".to_string())));
        for bad in ["", "/a", "file:", "file:a", "unix:/a\0b", "tcp:/a"] {
            assert!(Place::parse(bad).is_err(), "{bad}");
        }
    }
}
