//! Writes a campaign as a folder of files. Reading the folder gives an equal campaign.

use super::csv_out::{BOM, line};
use super::outlines::{OUTLINES_FILE, area_names, geojson};
use crate::domain::campaign::Campaign;
use crate::domain::id::AreaCode;
use crate::domain::jurisdiction::{Jurisdiction, LocalCampaign, jurisdiction_tables, local_tables};
use crate::domain::outline::Outline;
use crate::domain::tables::Table;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::io;
use std::path::Path;

/// Keys whose values are numbers or days in TOML and are written without quotes.
const BARE: &[&str] = &[
    "start",
    "end",
    "freeze_days",
    "notice_days",
    "overbook_risk",
    "travel.speed_km_per_hour",
    "travel.road_factor",
    "protection",
    "priority",
    "uptake",
    "target",
    "opens",
];

/// The files of a campaign: name and text. CSV files start with the byte order mark by which Excel recognises
/// UTF-8. Of a campaign beside a jurisdiction they are those that it needs.
pub fn files(own: &LocalCampaign) -> Vec<(String, String)> {
    let mut settings = String::new();
    let mut files = Vec::new();
    for table in local_tables(own) {
        let is_extra = !own.beyond.is_whole || table.stem == "sessions";
        match table.stem {
            "campaign" => settings.push_str(&keys(&table)),
            "groups" | "group_sets" => settings.push_str(&list(&table, own)),
            "series" => {
                let rules = own.campaign.series.rules.clone();
                files.push(("series.toml".to_owned(), rules.unwrap_or_else(|| keys(&table))));
            }
            "eligible" | "deliveries" => files.push((format!("{}.csv", table.stem), csv(&table))),
            _ if is_extra && table.rows.is_empty() => {}
            stem => files.push((format!("{stem}.csv"), csv(&table))),
        }
    }
    files.insert(0, ("campaign.toml".to_owned(), settings));
    files
}

/// The files of a jurisdiction: name and text.
pub fn jurisdiction_files(of: &Jurisdiction) -> Vec<(String, String)> {
    let file = |table: Table| match table.stem {
        "jurisdiction" => ("jurisdiction.toml".to_owned(), keys(&table)),
        stem => (format!("{stem}.csv"), csv(&table)),
    };
    // Without its file every site serves its own area; an empty one would mean that none serves any.
    let is_said = |table: &Table| table.stem != "reach" || of.reach.is_some();
    jurisdiction_tables(of).into_iter().filter(is_said).map(file).collect()
}

/// Writes a campaign's files into a folder, which is created if needed.
pub fn folder(own: &LocalCampaign, folder: &Path) -> io::Result<()> {
    write_all(files(own), folder)
}

/// Writes a jurisdiction's files into a folder, which is created if needed, with the outlines of its areas if there are
/// any.
pub fn jurisdiction_folder(
    of: &Jurisdiction,
    outlines: &BTreeMap<AreaCode, Outline>,
    folder: &Path,
) -> io::Result<()> {
    let mut files = jurisdiction_files(of);
    if !outlines.is_empty() {
        files.push((OUTLINES_FILE.to_owned(), geojson(outlines, &area_names(of))));
    }
    write_all(files, folder)
}

fn write_all(files: Vec<(String, String)>, folder: &Path) -> io::Result<()> {
    crate::files::create_dir_all(folder)?;
    for (name, text) in files {
        crate::files::write(&folder.join(name), text)?;
    }
    Ok(())
}

fn csv(table: &Table) -> String {
    let used = table.used();
    let mut out = String::from(BOM);
    out.push_str(&line(used.iter().map(|at| table.columns[*at]).collect::<Vec<_>>()));
    for row in &table.rows {
        out.push_str(&line(used.iter().map(|at| row[*at].as_str()).collect::<Vec<_>>()));
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

fn list(table: &Table, own: &LocalCampaign) -> String {
    let campaign: &Campaign = &own.campaign;
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
            } else if *key == "renamed_from" {
                let old = own.beyond.renamed.iter().filter(|(_, new)| new.as_str() == row[0]);
                let old: Vec<_> = old.map(|(old, _)| value("", old.as_str())).collect();
                let _ = writeln!(out, "renamed_from = [{}]", old.join(", "));
            } else {
                let _ = writeln!(out, "{key} = {}", value(key, text));
            }
        }
    }
    out
}
