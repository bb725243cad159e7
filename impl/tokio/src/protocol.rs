// SPDX-License-Identifier: MIT
//! A line of docs/worker-protocol.md: a verb and words `name=value`.

use std::collections::HashMap;
use std::io::{stdin, stdout, Write};
use std::os::unix::io::RawFd;

/// What is not there is 0.
pub struct Request {
    pub verb: String,
    words: HashMap<String, String>,
}

impl Request {
    /// Numbers alone are read here: no text of the harness is needed, and so none is decoded.
    fn parse(line: &str) -> Self {
        let mut words = line.split(' ');
        let verb = words.next().unwrap_or_default().to_owned();
        let pairs = words.filter_map(|word| word.split_once('='));
        Request { verb, words: pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect() }
    }

    pub fn number(&self, name: &str) -> u64 {
        self.words.get(name).and_then(|value| value.parse().ok()).unwrap_or_default()
    }

    pub fn param(&self, name: &str) -> u64 {
        self.number(&format!("param.{name}"))
    }

    pub fn descriptor(&self, name: &str) -> RawFd {
        self.number(name) as RawFd
    }
}

pub type Outcome = Vec<(&'static str, u64)>;

pub fn ran(outcome: &Outcome) -> String {
    let words: Vec<String> = outcome.iter().map(|(name, value)| format!(" {name}={value}")).collect();
    format!("ran{}", words.concat())
}

pub fn answer(text: &str) {
    let mut out = stdout().lock();
    // Without a harness there is nobody to tell.
    if writeln!(out, "{text}").and_then(|()| out.flush()).is_err() {
        std::process::exit(1);
    }
}

pub fn next_request() -> Option<Request> {
    let mut line = String::new();
    match stdin().read_line(&mut line) {
        Ok(0) | Err(_) => None,
        Ok(_) => Some(Request::parse(line.trim_end())),
    }
}

/// The harness looks at the memory of this process while the run stands still.
pub fn look() {
    answer("look");
    if next_request().is_none() {
        std::process::exit(1);
    }
}
