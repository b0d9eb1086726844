//! Kept messages: their parts for a reader, and the same content as a new message.

use super::message::{MessageError, Party, to_line};
use super::mime;
use base64::Engine as _;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;

/// The plain text of a message; `None` if it has none.
pub fn text(message: &[u8]) -> Option<String> {
    part(message, "text/plain")
}

/// The HTML page of a message on its own, with its pictures inside; `None` if it has none.
pub fn page(message: &[u8]) -> Option<String> {
    let mut page = part(message, "text/html")?;
    for picture in mime::read(message).1.iter().filter(|part| part.kind.starts_with("image/")) {
        let data = base64::engine::general_purpose::STANDARD.encode(&picture.body);
        let inside = format!("data:{};base64,{data}", picture.kind);
        page = page.replace(&format!("cid:{}", picture.id), &inside);
    }
    Some(page)
}

fn part(message: &[u8], kind: &str) -> Option<String> {
    let (_, parts) = mime::read(message);
    let found = parts.into_iter().find(|part| part.kind == kind)?;
    Some(String::from_utf8_lossy(&found.body).replace("\r\n", "\n"))
}

/// What changes when a message is sent again.
#[derive(Debug)]
pub struct Anew<'a> {
    /// Its new Message-ID. Mail servers drop a message with an id that they have seen.
    pub message_id: &'a str,
    /// The new reader, if it goes to another one.
    pub to: Option<&'a Party>,
    /// When it is sent.
    pub date: DateTime<Utc>,
    /// The time zone of the Date header.
    pub zone: Tz,
}

/// The same message under a new Message-ID. Everything that the reader sees is kept byte for byte.
pub fn again(message: &[u8], anew: &Anew<'_>) -> Result<Vec<u8>, MessageError> {
    let (head, body) = mime::split(message);
    let before = head.get("message-id").unwrap_or_default().to_owned();
    let date = anew.date.with_timezone(&anew.zone).format("%a, %d %b %Y %H:%M:%S %z");
    let mut out = format!("Message-ID: <{}>\r\nDate: {date}\r\n", anew.message_id);
    if !before.is_empty() {
        out += &format!("References: {before}\r\n");
    }
    let mut replaced = vec!["message-id", "date", "references"];
    if let Some(to) = anew.to {
        out += &to_line(to)?;
        replaced.push("to");
    }
    let mut out = out.into_bytes();
    let mut is_kept = true;
    for line in message[..message.len() - body.len()].split_inclusive(|&byte| byte == b'\n') {
        if !line.starts_with(b" ") && !line.starts_with(b"\t") {
            let name = line.split(|&byte| byte == b':').next().unwrap_or_default();
            let name = String::from_utf8_lossy(name).to_ascii_lowercase();
            is_kept = !replaced.contains(&name.as_str());
        }
        if is_kept {
            out.extend_from_slice(line);
        }
    }
    out.extend_from_slice(body);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE: &str = "From: a@b.c\r\nTo: \"x\r\n y\" <d@e.f>\r\nMessage-ID: <1@b.c>\r\n\
        Date: Thu, 01 Apr 2021 08:00:00 +0800\r\nContent-Type: multipart/related; boundary=q\r\n\
        \r\n\
        --q\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<img src=\"cid:p@q\">\r\n--q\r\n\
        Content-Type: image/png\r\nContent-ID: <p@q>\r\nContent-Transfer-Encoding: base64\r\n\r\n\
        iVBO\r\n--q--\r\n";

    #[test]
    fn a_page_has_its_picture_inside() {
        let page = page(MESSAGE.as_bytes()).unwrap();
        assert_eq!(page, "<img src=\"data:image/png;base64,iVBO\">\n");
        assert_eq!(text(MESSAGE.as_bytes()), None);
    }

    #[test]
    fn what_goes_again_has_a_new_number_and_the_same_content() {
        let to: Party = "丹阳 <g@h.i>".parse().unwrap();
        let anew = |to| Anew {
            message_id: "2@b.c",
            to,
            date: DateTime::from_timestamp(1_617_321_600, 0).unwrap(),
            zone: chrono_tz::Asia::Shanghai,
        };
        let sent = again(MESSAGE.as_bytes(), &anew(Some(&to))).unwrap();
        let sent = String::from_utf8(sent).unwrap();
        let (head, body) = sent.split_once("\r\n\r\n").unwrap();
        assert_eq!(body, MESSAGE.split_once("\r\n\r\n").unwrap().1);
        for line in [
            "Message-ID: <2@b.c>",
            "References: <1@b.c>",
            "Date: Fri, 02 Apr 2021 08:00:00 +0800",
            "From: a@b.c",
            "Content-Type: multipart/related; boundary=q",
        ] {
            assert_eq!(head.lines().filter(|found| *found == line).count(), 1, "{line}\n{head}");
        }
        assert!(head.contains("<g@h.i>") && !head.contains("d@e.f"), "{head}");
        assert!(head.is_ascii() && !head.contains("\n y"), "{head}");
        let same = String::from_utf8(again(MESSAGE.as_bytes(), &anew(None)).unwrap()).unwrap();
        assert!(same.contains("To: \"x\r\n y\" <d@e.f>\r\n"), "{same}");
    }
}
