//! What a panic said.

use std::any::Any;

/// The message of a caught panic; `no message` for a payload that is no text.
pub fn panic_message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_of_text_are_read() {
        assert_eq!(panic_message(&"fixed"), "fixed");
        assert_eq!(panic_message(&"made".to_owned()), "made");
        assert_eq!(panic_message(&7), "no message");
    }
}
