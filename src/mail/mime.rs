//! The part of MIME that is needed to read bounces: headers, parts, transfer encodings. Anybody may write to a
//! bounce address, so it reads whatever it can from any bytes and never fails.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use std::borrow::Cow;

/// Deepest nesting of parts. A real report has two or three levels.
const DEPTH_MAX: usize = 8;
/// Most parts of a message that are read.
const PARTS_MAX: usize = 100;
/// Most fields of a header that are kept.
const FIELDS_MAX: usize = 1000;
/// Most bytes of a field that are kept.
const FIELD_BYTES_MAX: usize = 8 * 1024;

/// The fields of a header, unfolded, in their order.
#[derive(Default)]
pub(super) struct Head(Vec<(String, String)>);

impl Head {
    /// Reads lines up to the first empty one. Lines that are no fields are skipped.
    pub(super) fn read(bytes: &[u8]) -> Self {
        let mut fields: Vec<(String, String)> = Vec::new();
        for line in lines(bytes) {
            if line.is_empty() || fields.len() >= FIELDS_MAX {
                break;
            }
            let text = String::from_utf8_lossy(&line[..line.len().min(FIELD_BYTES_MAX)]);
            if text.starts_with([' ', '\t']) {
                if let Some((_, value)) = fields.last_mut()
                    && value.len() < FIELD_BYTES_MAX
                {
                    value.push(' ');
                    value.push_str(text.trim());
                }
            } else if let Some((name, value)) = text.split_once(':') {
                fields.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
            }
        }
        Self(fields)
    }

    /// The first field with this name. The name must be in lower case.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// Every field with this name.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(found, _)| found == name).map(|(_, value)| value.as_str())
    }
}

/// A part of a message without parts of its own, decoded from its transfer encoding.
pub(super) struct Part<'a> {
    /// Its type in lower case, such as `text/plain`.
    pub(super) kind: String,
    /// Its Content-ID without angle brackets, by which a page refers to a picture; `None` if it has none.
    pub(super) id: String,
    /// Its bytes.
    pub(super) body: Cow<'a, [u8]>,
}

/// The header of a message and its parts, in their order. An enclosed message is one part.
pub(super) fn read(message: &[u8]) -> (Head, Vec<Part<'_>>) {
    let (head, body) = split(message);
    let mut parts = Vec::new();
    walk(&head, body, 0, &mut parts);
    (head, parts)
}

/// A header, and what follows the empty line after it.
pub(super) fn split(message: &[u8]) -> (Head, &[u8]) {
    let mut at = 0;
    for line in message.split_inclusive(|&byte| byte == b'\n') {
        at += line.len();
        if line == b"\n" || line == b"\r\n" {
            break;
        }
    }
    (Head::read(&message[..at]), &message[at..])
}

/// Lines without their line ends.
pub(super) fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split(|&byte| byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line))
}

/// Only parts without parts of their own are encoded (RFC 2045, 6.4), so all others are slices of the message.
fn walk<'a>(head: &Head, body: &'a [u8], depth: usize, parts: &mut Vec<Part<'a>>) {
    let kind = head.get("content-type").unwrap_or("text/plain");
    let boundary = parameter(kind, "boundary").filter(|boundary| !boundary.is_empty());
    let kind = kind.split([';', ' ']).next().unwrap_or_default().trim().to_ascii_lowercase();
    if let Some(boundary) = boundary.filter(|_| kind.starts_with("multipart/")) {
        if depth < DEPTH_MAX {
            for piece in pieces(body, &boundary) {
                let (head, inner) = split(piece);
                walk(&head, inner, depth + 1, parts);
            }
        }
    } else if parts.len() < PARTS_MAX {
        let encoding = head.get("content-transfer-encoding").unwrap_or_default();
        let body = match encoding.to_ascii_lowercase().as_str() {
            "base64" => Cow::Owned(base64(body)),
            "quoted-printable" => Cow::Owned(quoted_printable(body)),
            _ => Cow::Borrowed(body),
        };
        let id = head.get("content-id").unwrap_or_default();
        let id = id.trim_matches(['<', '>', ' ']).to_owned();
        parts.push(Part { kind, id, body });
    }
}

/// The pieces between the lines of a boundary. The last piece may lack its closing line.
fn pieces<'a>(body: &'a [u8], boundary: &str) -> Vec<&'a [u8]> {
    let (mut out, mut start, mut at) = (Vec::new(), None, 0);
    for line in body.split_inclusive(|&byte| byte == b'\n') {
        let after = line.strip_prefix(b"--").and_then(|l| l.strip_prefix(boundary.as_bytes()));
        let rest = after.map(<[u8]>::trim_ascii_end);
        if let Some(rest @ (b"" | b"--")) = rest {
            if let Some(start) = start.take() {
                out.push(&body[start..at]);
            }
            if rest == b"--" {
                return out;
            }
            start = Some(at + line.len());
        }
        at += line.len();
    }
    out.extend(start.map(|start| &body[start..]));
    out
}

/// A parameter of a field such as `multipart/report; boundary="x"`.
fn parameter(field: &str, name: &str) -> Option<String> {
    let mut rest = field;
    while let Some((_, after)) = rest.split_once(';') {
        rest = after;
        let (found, value) = after.split_once('=')?;
        if !found.trim().eq_ignore_ascii_case(name) {
            continue;
        }
        let value = value.trim_start();
        return Some(match value.strip_prefix('"') {
            Some(quoted) => quoted.split('"').next().unwrap_or_default().to_owned(),
            None => value.split([';', ' ']).next().unwrap_or_default().to_owned(),
        });
    }
    None
}

/// Decodes base64. Line ends and invalid characters are skipped; data that are cut off are decoded as far as
/// possible.
fn base64(body: &[u8]) -> Vec<u8> {
    const TOLERANT: GeneralPurpose = GeneralPurpose::new(
        &alphabet::STANDARD,
        GeneralPurposeConfig::new()
            .with_decode_allow_trailing_bits(true)
            .with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    let is_digit = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    let mut digits: Vec<u8> =
        body.iter().copied().take_while(|&byte| byte != b'=').filter(is_digit).collect();
    if digits.len() % 4 == 1 {
        digits.pop();
    }
    TOLERANT.decode(digits).unwrap_or_default()
}

fn quoted_printable(body: &[u8]) -> Vec<u8> {
    quoted_printable::decode(body, quoted_printable::ParseMode::Robust)
        .unwrap_or_else(|_| body.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn texts(message: &str) -> Vec<(String, String)> {
        let text = |part: Part<'_>| {
            let body = String::from_utf8_lossy(&part.body).trim().to_owned();
            (part.kind, body)
        };
        read(message.as_bytes()).1.into_iter().map(text).collect()
    }

    #[test]
    fn a_header_is_unfolded_and_read_in_any_case() {
        let head = Head::read(b"Subject: a\r\n b\r\n\tc\r\nno field\r\nTO:x\r\nto: y\r\n\r\nTo: z");
        assert_eq!(head.get("subject"), Some("a b c"));
        assert_eq!(head.all("to").collect::<Vec<_>>(), ["x", "y"]);
        assert_eq!(head.get("from"), None);
    }

    #[test]
    fn parts_inside_parts_are_found_and_decoded() {
        let message = "Content-Type: multipart/report;\n boundary=\"a b\"; report-type=x\n\nhello\n\
            --a b\nContent-Type: MULTIPART/alternative; boundary=a\n\n--a\n\nplain\n--a\n\
            Content-Type: text/html\nContent-Transfer-Encoding: base64\n\nPGI+\neA==\n--a--\n\
            --a b  \nContent-Type: text/plain\nContent-Transfer-Encoding: Quoted-Printable\n\n\
            5=2E1=\n.1 =ZZ\n--a b\nContent-Type: message/rfc822\n\nSubject: in\n\nx\n--a b--\nend";
        let wanted = [
            ("text/plain", "plain"),
            ("text/html", "<b>x"),
            ("text/plain", "5.1.1 =ZZ"),
            ("message/rfc822", "Subject: in\n\nx"),
        ];
        let wanted: Vec<_> =
            wanted.iter().map(|(kind, body)| ((*kind).to_owned(), (*body).to_owned())).collect();
        assert_eq!(texts(message), wanted);
        assert_eq!(texts(&message.replace('\n', "\r\n")).len(), 4);
        // The message was cut off: the last part is what is left of it.
        assert_eq!(texts(message.split("rfc822").next().expect("a start")).len(), 4);
    }

    #[test]
    fn parts_without_end_are_not_followed_for_ever() {
        let level = |n| format!("Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n");
        let deep: String = (0..40).map(level).collect();
        assert!(texts(&deep).is_empty());
        let wide =
            format!("Content-Type: multipart/mixed; boundary=b\n\n{}", "--b\n\n".repeat(5000));
        assert_eq!(texts(&wide).len(), PARTS_MAX);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_fail(
            head in "(Content-(Type|Transfer-Encoding): ?(multipart/[a-z]{1,3}; \
                boundary=\"?[ab-]{0,2}|base64|quoted-printable)[\\r\\n]{1,2}){0,4}",
            body in proptest::collection::vec(
                prop_oneof![any::<u8>(), Just(b'-'), Just(b'\n'), Just(b'a'), Just(b'=')],
                0..400,
            ),
        ) {
            let bytes = [head.as_bytes(), b"\n", &body].concat();
            let (_, parts) = read(&bytes);
            prop_assert!(parts.iter().map(|part| part.body.len()).sum::<usize>() <= bytes.len());
        }
    }
}
