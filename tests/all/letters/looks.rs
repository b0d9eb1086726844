//! The mails in a browser, at the width of a phone and of a desktop, in light and dark colours.

use super::planned;
use crate::support::{SENIORS, World, skipped, text};
use serde_json::Value;
use std::process::{Command, Stdio};

/// What chromium shows of a page; `None` if chromium is not installed.
fn seen(world: &World, page: &str, width: u32, dark: bool) -> Option<Value> {
    if !Command::new("chromium").arg("--version").output().is_ok_and(|it| it.status.success()) {
        skipped("no chromium; apt-get install chromium");
        return None;
    }
    let quoted = serde_json::to_string(page).unwrap().replace("</", "<\\/");
    let frame = include_str!("look.html").replace("WIDTH", &width.to_string());
    let file = world.file("look.html", frame.replace("PAGE", &quoted));
    let profile = tempfile::tempdir().unwrap();
    let output = Command::new("chromium")
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .args(["--virtual-time-budget=10000", "--dump-dom", "--window-size=1400,4200"])
        .arg(format!("--blink-settings=preferredColorScheme={}", u8::from(!dark)))
        .arg(format!("--user-data-dir={}", text(profile.path())))
        .arg(format!("file://{}", text(&file)))
        .stderr(Stdio::null())
        .output()
        .expect("chromium starts");
    let dom = String::from_utf8(output.stdout).expect("a page");
    let (_, after) = dom.split_once("<pre id=\"seen\">").unwrap_or_else(|| panic!("{dom}"));
    let json = after.split("</pre>").next().unwrap();
    let json = json.replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">");
    Some(serde_json::from_str(&json).unwrap_or_else(|error| panic!("{error}: {json}")))
}

#[test]
fn every_mail_is_read_on_a_phone_and_at_a_desk_by_day_and_by_night() {
    let world = planned(SENIORS);
    world.import("tallies", "t1,2021-04-01,S1,A,adult,1,30").ends(0);
    let reminded = ["job", "run", "reminders", "--at", "2021-03-31T09:00"];
    world.run(&reminded).ends(0);
    let page = |arguments: &[&str]| world.run(arguments).ends(0).out;
    let preview = |lang: &str, post: &str| {
        page(&["--lang", lang, "digest", "preview", post, "--day", "2021-04-01", "--part", "html"])
    };
    let mut pages = vec![("reminder", page(&["outbox", "show", "1", "--part", "html"]))];
    for (name, post) in [("summary", "summary"), ("site", "S1"), ("team", "T1")] {
        pages.push((name, preview("zh-CN", post)));
    }
    pages.push(("english summary", preview("en", "summary")));
    for (name, page) in &pages {
        for (width, dark) in [(360, false), (360, true), (1_200, false), (1_200, true)] {
            let Some(seen) = seen(&world, page, width, dark) else { return };
            let said = format!("{name} at {width} px, dark: {dark}: {seen}");
            assert_eq!(seen["dark"], dark, "{said}");
            assert!(seen["width"].as_u64().unwrap() <= u64::from(width), "too wide: {said}");
            assert_eq!(seen["cut"].as_array().map(Vec::len), Some(0), "{said}");
            assert!(seen["column"].as_u64().unwrap() <= 600, "one column of 600 px: {said}");
            assert!(seen["small"].as_f64().unwrap() >= 13.0, "small letters: {said}");
            assert!(seen["faint"].as_f64().unwrap() >= 4.5, "faint letters: {said}");
            let has_picture = name.ends_with("summary");
            assert_eq!(seen["picture"].is_array(), has_picture, "{said}");
            if has_picture {
                let shown = seen["picture"][1].as_u64().unwrap();
                assert_eq!(seen["picture"][0], 1_200, "{said}");
                assert!(shown > 300 && shown <= 600, "{said}");
            }
        }
    }
}
