//! Mutation tests of `src/domain`: which changes of the code no test notices. See
//! `benches/README.md`.

mod compile;
mod find;
mod project;
mod report;
mod trial;
mod values;
mod write;

use anyhow::{Context, Result, bail};
use project::Project;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use trial::Program;

/// The report is written again after so many mutants.
const BETWEEN_REPORTS: usize = 200;

const HELP: &str = "\
Mutation tests of src/domain, all mutants in one test binary

cargo run --release --manifest-path benches/mutants/Cargo.toml \
    --target-dir target/mutants/tool -- [OPTIONS]

--file TEXT      only files of src/domain whose path holds TEXT; may be repeated
--test TEXT      only tests whose path holds TEXT; may be repeated
--jobs N         tests at a time (2)
--patience N     a test that takes more seconds is stopped then and counts as passed (10)
--seconds N      start no mutant after so many seconds
--scratch DIR    where the copy and its build are kept (target/mutants)
--rooms A,B      folders and files of src that are built and whose tests run
                 (domain,intake,text,characters,files); all for the whole library
--list           show the mutants and stop";

#[derive(Default)]
struct Options {
    files: Vec<String>,
    tests: Vec<String>,
    jobs: usize,
    patience: u64,
    seconds: Option<u64>,
    scratch: Option<PathBuf>,
    rooms: Vec<String>,
    list: bool,
}

fn options() -> Result<Option<Options>> {
    let mut out = Options { jobs: 2, patience: 10, ..Options::default() };
    let mut rooms = "domain,intake,text,characters,files".to_owned();
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        let mut value = || arguments.next().with_context(|| format!("{name} needs a value"));
        match name.as_str() {
            "--file" => out.files.push(value()?),
            "--test" => out.tests.push(value()?),
            "--jobs" => out.jobs = value()?.parse().context("--jobs")?,
            "--patience" => out.patience = value()?.parse().context("--patience")?,
            "--seconds" => out.seconds = Some(value()?.parse().context("--seconds")?),
            "--scratch" => out.scratch = Some(value()?.into()),
            "--rooms" => rooms = value()?,
            "--list" => out.list = true,
            "--help" => return Ok(None),
            _ => bail!("unknown option {name}; --help shows them"),
        }
    }
    if rooms != "all" {
        out.rooms = rooms.split(',').map(str::to_owned).collect();
    }
    Ok(Some(out))
}

fn main() -> Result<()> {
    let Some(options) = options()? else {
        println!("{HELP}");
        return Ok(());
    };
    let tool = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = tool.ancestors().nth(2).context("the project is two folders up")?;
    let scratch = options.scratch.clone().unwrap_or_else(|| root.join("target/mutants"));
    let start = Instant::now();
    let mut project = Project::open(root, &scratch, &options.files, &options.rooms)?;
    eprintln!("{} mutants", project.mutants);
    if options.list {
        print!("{}", report::report(&project, &[].into(), "").csv);
        return Ok(());
    }
    let path = compile::compile(&mut project, &scratch.join("build"))?;
    eprintln!("compiled after {} s", start.elapsed().as_secs());
    let patience = Duration::from_secs(options.patience);
    let program = Program { path: &path, folder: &project.copy, patience };
    let tests = program.learn(&options.tests, &scratch, options.jobs)?;
    let takes: Duration = tests.iter().map(|test| test.takes).sum();
    eprintln!("{} tests take {:.1} s one after the other", tests.len(), takes.as_secs_f64());
    for test in tests.iter().rev().take(10) {
        eprintln!("  {:.2} s {}", test.takes.as_secs_f64(), test.name);
    }
    let mut mutants = Vec::new();
    for site in project.files.iter().flat_map(|file| &file.sites) {
        let on = (site.first..).zip(&site.on).filter(|(_, on)| **on);
        mutants.extend(on.map(|(number, _)| (number, site.first)));
    }
    // Cheap ones first, so that a limit leaves out what takes long.
    mutants.sort_by_cached_key(|(_, site)| {
        let reaching = tests.iter().filter(|test| test.reaches.contains(site));
        reaching.map(|test| test.takes).sum::<Duration>()
    });
    let end = options.seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let reasons = fs::read_to_string(tool.join("reasons.tsv")).unwrap_or_default();
    let mut outcomes = BTreeMap::new();
    for part in mutants.chunks(BETWEEN_REPORTS) {
        outcomes.extend(program.judge_all(part, &tests, options.jobs, end));
        let seconds = start.elapsed().as_secs();
        eprintln!("{} of {} mutants after {seconds} s", outcomes.len(), mutants.len());
        let report = report::report(&project, &outcomes, &reasons);
        let text = format!("{}\nSurvivors:\n\n{}", report.table, report.survivors);
        fs::write(scratch.join("report.txt"), text)?;
        fs::write(scratch.join("mutants.csv"), report.csv)?;
    }
    print!("{}", fs::read_to_string(scratch.join("report.txt"))?);
    Ok(())
}
