//! Limits of a WebSocket, and which of them make sense.

use std::time::Duration;

use thiserror::Error;

/// Limits of a [`WebSocket`](super::WebSocket). Times are above zero and at most 1 h, sizes 1 byte to
/// 1 GiB.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WsConfig {
    /// Longest dial and handshake together; default 30 s.
    pub connect_timeout: Duration,
    /// Longest write of one message; default 10 s.
    pub send_timeout: Duration,
    /// Longest closing handshake; default 2 s.
    pub close_timeout: Duration,
    /// Largest message taken, in bytes; default 4 MiB.
    pub message_bytes_max: usize,
    /// Largest frame taken, in bytes; default 4 MiB.
    pub frame_bytes_max: usize,
    /// Most bytes that wait to be written; default 1 MiB.
    pub write_buffer_bytes_max: usize,
}

impl Default for WsConfig {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(30),
            send_timeout: Duration::from_secs(10),
            close_timeout: Duration::from_secs(2),
            message_bytes_max: 4 * 1024 * 1024,
            frame_bytes_max: 4 * 1024 * 1024,
            write_buffer_bytes_max: 1024 * 1024,
        }
    }
}

/// A limit of a WebSocket that cannot work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
#[error("websocket setting `{setting}`: expected {expected}")]
pub struct WsConfigError {
    /// Name of the field.
    pub setting: &'static str,
    /// What would do.
    pub expected: &'static str,
}

/// Longer waits than this are no bounds.
const WAIT_MAX: Duration = Duration::from_secs(3600);
const BYTES_MAX: usize = 1024 * 1024 * 1024;

impl WsConfig {
    /// Checks every limit.
    ///
    /// # Errors
    /// [`WsConfigError`] for the first one that cannot work.
    pub fn validate(&self) -> Result<(), WsConfigError> {
        let times = [
            ("connect_timeout", self.connect_timeout),
            ("send_timeout", self.send_timeout),
            ("close_timeout", self.close_timeout),
        ];
        for (setting, time) in times {
            if time.is_zero() || time > WAIT_MAX {
                let expected = "more than zero and at most 1 h";
                return Err(WsConfigError { setting, expected });
            }
        }
        let sizes = [
            ("message_bytes_max", self.message_bytes_max),
            ("frame_bytes_max", self.frame_bytes_max),
            ("write_buffer_bytes_max", self.write_buffer_bytes_max),
        ];
        for (setting, bytes) in sizes {
            if !(1..=BYTES_MAX).contains(&bytes) {
                return Err(WsConfigError { setting, expected: "1 to 1 GiB" });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_valid() {
        assert_eq!(WsConfig::default().validate(), Ok(()));
    }

    #[test]
    fn settings_that_cannot_work_are_named() {
        let check = |setting: &str, changes: [fn(&mut WsConfig); 2]| {
            for change in changes {
                let mut config = WsConfig::default();
                change(&mut config);
                assert_eq!(config.validate().expect_err(setting).setting, setting);
            }
        };
        check(
            "connect_timeout",
            [|c| c.connect_timeout = Duration::ZERO, |c| c.connect_timeout = Duration::MAX],
        );
        check(
            "send_timeout",
            [|c| c.send_timeout = Duration::ZERO, |c| c.send_timeout = Duration::MAX],
        );
        check(
            "close_timeout",
            [|c| c.close_timeout = Duration::ZERO, |c| c.close_timeout = Duration::MAX],
        );
        check(
            "message_bytes_max",
            [|c| c.message_bytes_max = 0, |c| c.message_bytes_max = usize::MAX],
        );
        check("frame_bytes_max", [|c| c.frame_bytes_max = 0, |c| c.frame_bytes_max = usize::MAX]);
        check(
            "write_buffer_bytes_max",
            [|c| c.write_buffer_bytes_max = 0, |c| c.write_buffer_bytes_max = usize::MAX],
        );
        let error = WsConfig { send_timeout: Duration::ZERO, ..WsConfig::default() }.validate();
        assert_eq!(
            error.expect_err("zero").to_string(),
            "websocket setting `send_timeout`: expected more than zero and at most 1 h"
        );
    }
}
