//! Writes a campaign as a folder of files. Reading the folder gives an equal campaign.

use super::csv_out::{BOM, line};
use crate::domain::campaign::Campaign;
use crate::domain::tables::{Table, tables};
use std::fmt::Write;
use std::io;
use std::path::Path;

/// Keys whose values are numbers or days in TOML and are written without quotes.
const BARE: &[&str] = &[
    "start",
    "end",
    "freeze_days",
    "travel.speed_km_per_hour",
    "travel.road_factor",
    "protection",
    "priority",
    "uptake",
    "target",
    "opens",
];

/// The files of a campaign: name and text. CSV files start with the byte order mark by which Excel recognises
/// UTF-8.
pub fn files(campaign: &Campaign) -> Vec<(String, String)> {
    let mut settings = String::new();
    let mut files = Vec::new();
    for table in tables(campaign) {
        match table.stem {
            "campaign" => settings.push_str(&keys(&table)),
            "groups" | "group_sets" => settings.push_str(&list(&table, campaign)),
            "series" => {
                let text = campaign.series.rules.clone().unwrap_or_else(|| keys(&table));
                files.push(("series.toml".to_owned(), text));
            }
            stem => files.push((format!("{stem}.csv"), csv(&table))),
        }
    }
    files.insert(0, ("campaign.toml".to_owned(), settings));
    files
}

/// Writes the files into a folder, which is created if needed.
pub fn folder(campaign: &Campaign, folder: &Path) -> io::Result<()> {
    crate::files::create_dir_all(folder)?;
    for (name, text) in files(campaign) {
        crate::files::write(&folder.join(name), text)?;
    }
    Ok(())
}

fn csv(table: &Table) -> String {
    let mut out = String::from(BOM);
    out.push_str(&line(table.columns));
    for row in &table.rows {
        out.push_str(&line(row));
    }
    out
}

fn value(key: &str, text: &str) -> String {
    if BARE.contains(&key) {
        text.to_owned()
    } else {
        toml::Value::String(text.to_owned()).to_string()
    }
}

/// Keys and values as TOML; `doses.2.protection` goes into the second table of the list `doses`.
fn keys(table: &Table) -> String {
    let mut out = String::new();
    let mut open = None;
    for row in &table.rows {
        let [key, text] = row.as_slice() else { continue };
        if text.is_empty() {
            continue;
        }
        let mut parts = key.splitn(3, '.');
        if let (Some(list), Some(number), Some(name)) = (parts.next(), parts.next(), parts.next()) {
            if open.as_deref() != Some(number) {
                open = Some(number.to_owned());
                let _ = writeln!(out, "\n[[{list}]]");
            }
            let _ = writeln!(out, "{name} = {}", value(name, text));
        } else {
            let _ = writeln!(out, "{key} = {}", value(key, text));
        }
    }
    out
}

fn list(table: &Table, campaign: &Campaign) -> String {
    let mut out = String::new();
    for (index, row) in table.rows.iter().enumerate() {
        let _ = writeln!(out, "\n[[{}]]", table.stem);
        for (key, text) in table.columns.iter().zip(row).filter(|(_, text)| !text.is_empty()) {
            // The groups of a set are a list, because their ids may contain spaces.
            if *key == "groups"
                && let Some(set) = campaign.group_sets.get(index)
            {
                let ids: Vec<_> = set.groups.iter().map(|id| value("", id.as_str())).collect();
                let _ = writeln!(out, "groups = [{}]", ids.join(", "));
            } else {
                let _ = writeln!(out, "{key} = {}", value(key, text));
            }
        }
    }
    out
}
