//! The tables: how each file fares, who survives, and everything as CSV.

use crate::project::{File, Project};
use crate::trial::Outcome;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// A reason why a mutant may survive, of `reasons.tsv`.
#[derive(Debug)]
struct Reason<'a> {
    file: &'a str,
    function: &'a str,
    from: &'a str,
    to: &'a str,
    why: &'a str,
}

/// The reasons in a table of five columns; `*` fits everything, and what starts with `#` is a
/// heading.
fn reasons(text: &str) -> Vec<Reason<'_>> {
    let rows = text.lines().filter(|line| !line.starts_with('#'));
    rows.filter_map(|line| match line.split('\t').collect::<Vec<_>>()[..] {
        [file, function, from, to, why] => Some(Reason { file, function, from, to, why }),
        _ => None,
    })
    .collect()
}

#[derive(Debug, Default, Clone, Copy)]
struct Counts {
    mutants: usize,
    unviable: usize,
    caught: usize,
    timed_out: usize,
    survived: usize,
    unreached: usize,
    not_run: usize,
    reasoned: usize,
}

impl Counts {
    fn add(&mut self, other: &Self) {
        self.mutants += other.mutants;
        self.unviable += other.unviable;
        self.caught += other.caught;
        self.timed_out += other.timed_out;
        self.survived += other.survived;
        self.unreached += other.unreached;
        self.not_run += other.not_run;
        self.reasoned += other.reasoned;
    }

    fn line(&self, name: &str) -> String {
        let (caught, judged) =
            (self.caught + self.timed_out, self.mutants - self.unviable - self.not_run);
        let share = match judged {
            0 => "-".to_owned(),
            _ => format!("{:.1}", 100.0 * caught as f64 / judged as f64),
        };
        format!(
            "| {name} | {} | {} | {caught} | {} | {} | {} | {} | {share} |\n",
            self.mutants,
            self.mutants - self.unviable,
            self.timed_out,
            self.survived,
            self.unreached,
            self.reasoned,
        )
    }
}

/// What is told of a run.
#[derive(Debug)]
pub struct Report {
    /// A table by file.
    pub table: String,
    /// Mutants that no test catches, with the reason where one is known.
    pub survivors: String,
    /// Every mutant.
    pub csv: String,
}

/// Tells of a run.
pub fn report(project: &Project, outcomes: &BTreeMap<u32, Outcome>, known: &str) -> Report {
    let known = reasons(known);
    let mut out = Report {
        table: "| file | mutants | viable | caught | of them by time | survived | unreached \
                | with a reason | % |\n|---|---|---|---|---|---|---|---|---|\n"
            .to_owned(),
        survivors: String::new(),
        csv: "file,line,column,function,from,to,outcome,by\n".to_owned(),
    };
    let mut all = Counts::default();
    for file in project.files.iter().filter(|file| !file.sites.is_empty()) {
        let counts = of_file(file, outcomes, &known, &mut out);
        all.add(&counts);
        out.table.push_str(&counts.line(&file.name));
    }
    out.table.push_str(&all.line("all"));
    if all.not_run > 0 {
        let _ = writeln!(out.table, "\n{} mutants were not run: time was up.", all.not_run);
    }
    out
}

fn of_file(
    file: &File,
    outcomes: &BTreeMap<u32, Outcome>,
    known: &[Reason<'_>],
    out: &mut Report,
) -> Counts {
    let mut counts = Counts::default();
    for numbered in &file.sites {
        let site = &numbered.site;
        for ((number, change), on) in (numbered.first..).zip(&site.changes).zip(&numbered.on) {
            counts.mutants += 1;
            let outcome = outcomes.get(&number).unwrap_or(&Outcome::NotRun);
            let (word, by) = match outcome {
                _ if !on => ("unviable", ""),
                Outcome::Caught(by) => ("caught", by.as_str()),
                Outcome::TimedOut(by) => ("caught by time", by.as_str()),
                Outcome::Survived => ("survived", ""),
                Outcome::Unreached => ("unreached", ""),
                Outcome::NotRun => ("not run", ""),
            };
            match word {
                "unviable" => counts.unviable += 1,
                "caught" => counts.caught += 1,
                "caught by time" => counts.timed_out += 1,
                "survived" => counts.survived += 1,
                "unreached" => counts.unreached += 1,
                _ => counts.not_run += 1,
            }
            let (from, to) = (&change.from, &change.to);
            let place = format!("{}:{}:{}", file.name, site.line, site.column);
            if matches!(word, "survived" | "unreached") {
                let fits = |pattern: &str, text: &str| pattern == "*" || pattern == text;
                let reason = known.iter().find(|reason| {
                    file.name.ends_with(reason.file)
                        && fits(reason.function, &site.function)
                        && fits(reason.from, from)
                        && fits(reason.to, to)
                });
                counts.reasoned += usize::from(reason.is_some());
                let why = reason.map(|reason| format!(" — {}", reason.why)).unwrap_or_default();
                let mark = if word == "unreached" { " (unreached)" } else { "" };
                let of = &site.function;
                let _ = writeln!(out.survivors, "{place}: {from} → {to} in {of}{mark}{why}");
            }
            let fields = [&*site.function, from, to, word, by].map(quoted).join(",");
            let _ = writeln!(out.csv, "{},{},{},{fields}", file.name, site.line, site.column);
        }
    }
    counts
}

fn quoted(field: &str) -> String {
    if field.contains([',', '"', '\n']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}
