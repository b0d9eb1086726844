//! A mail server that answers byte by byte what a test wants, and remembers what it took.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// Answers a command: the word at which the server is (`EHLO`, `MAIL`, `RCPT`, `DATA`, `dot`, …), the recipient as
/// far as it is known (at AUTH the whole line), and how many messages were taken. `None` agrees.
type Rule = Box<dyn Fn(&str, &str, usize) -> Option<Vec<u8>> + Send>;

struct State {
    rule: Rule,
    /// Recipients of messages that were taken.
    taken: Vec<String>,
    /// How often each recipient was named.
    named: BTreeMap<String, usize>,
}

/// The server. It ends with the process.
#[derive(Clone)]
pub(super) struct Scripted {
    pub(super) port: u16,
    state: Arc<Mutex<State>>,
}

impl Scripted {
    pub(super) fn start(
        rule: impl Fn(&str, &str, usize) -> Option<Vec<u8>> + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = State { rule: Box::new(rule), taken: Vec::new(), named: BTreeMap::new() };
        let state = Arc::new(Mutex::new(state));
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = Arc::clone(&shared);
                // A client may hang up at any time.
                std::thread::spawn(move || drop(talk(stream, &state)));
            }
        });
        Self { port, state }
    }

    /// From now on the server answers so.
    pub(super) fn answer(
        &self,
        rule: impl Fn(&str, &str, usize) -> Option<Vec<u8>> + Send + 'static,
    ) {
        self.state.lock().unwrap().rule = Box::new(rule);
    }

    /// Recipients whose message was taken.
    pub(super) fn taken(&self) -> BTreeSet<String> {
        let taken = self.state.lock().unwrap().taken.clone();
        let set: BTreeSet<String> = taken.iter().cloned().collect();
        assert_eq!(set.len(), taken.len(), "a message was taken twice");
        set
    }

    /// How many different recipients were named.
    pub(super) fn named(&self) -> usize {
        self.state.lock().unwrap().named.len()
    }
}

fn talk(stream: TcpStream, state: &Mutex<State>) -> std::io::Result<()> {
    let mut out = stream.try_clone()?;
    let mut lines = BufReader::new(stream);
    let (mut to, mut line) = (String::new(), Vec::new());
    let says = |out: &mut TcpStream, at: &str, to: &str, usual: &str| {
        let state = state.lock().unwrap();
        let said = (state.rule)(at, to, state.taken.len());
        let agrees = said.as_ref().is_none_or(|said| said.starts_with(b"2"));
        drop(state);
        let bytes = said.unwrap_or_else(|| format!("{usual}\r\n").into_bytes());
        out.write_all(&bytes).map(|()| agrees)
    };
    says(&mut out, "banner", "", "220 scripted.test ESMTP")?;
    loop {
        line.clear();
        if lines.read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&line).trim_end().to_owned();
        let word = said.split(' ').next().unwrap_or_default().to_uppercase();
        match word.as_str() {
            "EHLO" => {
                says(&mut out, "EHLO", "", "250-scripted.test\r\n250 auth plain login")?;
            }
            "AUTH" => {
                says(&mut out, "AUTH", &said, "235 in")?;
            }
            "RCPT" => {
                said.split(['<', '>']).nth(1).unwrap_or_default().clone_into(&mut to);
                *state.lock().unwrap().named.entry(to.clone()).or_default() += 1;
                says(&mut out, "RCPT", &to, "250 ok")?;
            }
            "DATA" => {
                says(&mut out, "DATA", &to, "354 go")?;
                loop {
                    line.clear();
                    if lines.read_until(b'\n', &mut line)? == 0 {
                        return Ok(());
                    }
                    if line == b".\r\n" {
                        break;
                    }
                }
                if says(&mut out, "dot", &to, "250 queued")? {
                    state.lock().unwrap().taken.push(to.clone());
                }
            }
            "QUIT" => {
                says(&mut out, "QUIT", "", "221 bye")?;
                return Ok(());
            }
            other => {
                says(&mut out, other, "", "250 ok")?;
            }
        }
    }
}
