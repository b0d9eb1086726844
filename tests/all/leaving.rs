//! CSV that leaves the program, read by a program of others: frictionless, which many data portals check with.

use crate::support::{SENIORS, World, python, text};

/// Reads every CSV file of a folder and prints what is wrong with it.
const CHECK: &str = "
import pathlib, sys
from frictionless import validate
wrong = []
files = sorted(pathlib.Path(sys.argv[1]).rglob('*.csv'))
for file in files:
    report = validate(file.name, basepath=str(file.parent))
    if not report.valid:
        wrong.append((file.name, report.flatten(['rowNumber', 'fieldName', 'type', 'message'])))
for one in wrong: print(one)
print(len(files), 'files')
sys.exit(1 if wrong else 0)
";

#[test]
fn every_csv_that_leaves_is_read_by_frictionless() {
    let world = World::small();
    world
        .import("persons", &format!("{SENIORS}\nbad,Z,1950-01-01,\"a, \"\"b\"\"\",,,,,,,"))
        .ends(3);
    world.import("doses", "d1,p1,2021-04-02,S1,L1\nd2,p2,2021-04-02,S9,L1").ends(3);
    world.import("tallies", "t1,2021-04-01,S1,A,adult,1,30\nt2,2021-04-01,S2,B,adult,1,10").ends(0);
    world.run(&["job", "run", "plan", "--at", "2021-03-31T01:00"]).ends(0);
    world.run(&["job", "run", "digest", "--at", "2021-03-31T19:00"]).ends(0);
    std::fs::create_dir(world.path("out")).unwrap();
    let commands: [&[&str]; 22] = [
        &["campaign", "list"],
        &["plan", "list"],
        &["plan", "show"],
        &["plan", "make", "--folder", "small"],
        &["due", "list", "--by", "2021-05-20"],
        &["coverage", "--as-of", "2021-04-02"],
        &["coverage", "--as-of", "2021-04-02", "--by", "area"],
        &["coverage", "--as-of", "2021-04-02", "--by", "site"],
        &["coverage", "--as-of", "2021-04-02", "--by", "day"],
        &["report", "list"],
        &["report", "show", "doses"],
        &["report", "show", "stock"],
        &["digest", "history"],
        &["outbox", "list"],
        &["bounce", "list"],
        &["unsubscribe", "--list"],
        &["job", "list"],
        &["job", "next"],
        &["job", "runs"],
        &["doses", "history", "d1"],
        &["explain"],
        &["explain", "bad_date"],
    ];
    for (number, arguments) in (1..).zip(commands) {
        let ran = world.run(&[arguments, &["-o", "csv"]].concat());
        assert!(ran.code == 0 || ran.code == 10, "{arguments:?}: {} {}", ran.code, ran.err);
        let name = format!("out/{number:02}-{}.csv", arguments.join("-").replace('/', "_"));
        world.file(&name, ran.out);
    }
    world.run(&["campaign", "export", "out/campaign"]).ends(0);
    for name in ["persons-errors.csv", "doses-errors.csv"] {
        std::fs::copy(world.path(name), world.path("out").join(name)).unwrap();
    }
    if let Some(said) = python("frictionless", CHECK, &[text(&world.path("out"))]) {
        println!("{said}");
    }
}
