//! Lines of JSON (RFC 8259), one object each.

/// An object under construction.
pub struct Object(String);

impl Object {
    pub fn new() -> Self {
        Self("{".to_string())
    }

    fn name(&mut self, name: &str) {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        string(&mut self.0, name);
        self.0.push(':');
    }

    pub fn integer(&mut self, name: &str, value: i64) {
        self.name(name);
        self.0.push_str(&value.to_string());
    }

    /// Text as it is; bytes that are not UTF-8 become base64 (RFC 4648) in a member `NAME_base64`.
    pub fn bytes(&mut self, name: &str, value: &[u8]) {
        match std::str::from_utf8(value) {
            Ok(text) => {
                self.name(name);
                string(&mut self.0, text);
            }
            Err(_) => {
                self.name(&format!("{name}_base64"));
                string(&mut self.0, &base64(value));
            }
        }
    }

    /// The object with its line end.
    pub fn line(mut self) -> String {
        self.0.push_str("}\n");
        self.0
    }
}

fn string(to: &mut String, text: &str) {
    to.push('"');
    for letter in text.chars() {
        match letter {
            '"' => to.push_str("\\\""),
            '\\' => to.push_str("\\\\"),
            '\n' => to.push_str("\\n"),
            '\r' => to.push_str("\\r"),
            '\t' => to.push_str("\\t"),
            '\0'..='\x1f' => to.push_str(&format!("\\u{:04x}", letter as u32)),
            _ => to.push(letter),
        }
    }
    to.push('"');
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let number = (0..3).fold(0u32, |sum, i| sum << 8 | u32::from(*group.get(i).unwrap_or(&0)));
        for i in 0..4 {
            let digit = DIGITS[(number >> (18 - 6 * i) & 63) as usize];
            text.push(if i <= group.len() { digit as char } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_holds_its_members_in_order() {
        let mut object = Object::new();
        object.bytes("key", b"a\"b\\c\n\x01");
        object.integer("n", i64::MIN);
        object.bytes("value", "grün".as_bytes());
        assert_eq!(
            object.line(),
            "{\"key\":\"a\\\"b\\\\c\\n\\u0001\",\"n\":-9223372036854775808,\"value\":\"grün\"}\n"
        );
        assert_eq!(Object::new().line(), "{}\n");
    }

    #[test]
    fn what_is_no_text_becomes_base64() {
        for (bytes, text) in [
            (&b"\xff"[..], "/w=="),
            (&b"\xff\0"[..], "/wA="),
            (&b"\xff\0\x10"[..], "/wAQ"),
            (&b"\xff\0\x10z"[..], "/wAQeg=="),
        ] {
            let mut object = Object::new();
            object.bytes("key", bytes);
            assert_eq!(object.line(), format!("{{\"key_base64\":\"{text}\"}}\n"));
        }
    }
}
