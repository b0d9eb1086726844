//! SMART Scheduling Links: the manifest and its files, against a JSON schema written from the specification.

use super::pages::{get, served};
use super::{EVE, Town};
use crate::support::{at, wait};
use doseplan::app::booking::{Done, Wish};
use serde_json::Value;
use std::collections::BTreeSet;

const SCHEMA: &str = include_str!("../../fixtures/smart/schema.json");

/// What of a value is not as its schema says: the words of JSON Schema that our schema has.
fn faults(value: &Value, schema: &Value, all: &Value, at: &str, out: &mut Vec<String>) {
    for (word, said) in schema.as_object().expect("a schema") {
        let holds = match word.as_str() {
            "$ref" => {
                let pointer = said.as_str().unwrap().trim_start_matches('#');
                faults(value, all.pointer(pointer).expect("it is defined"), all, at, out);
                true
            }
            "type" => match said.as_str().unwrap() {
                "object" => value.is_object(),
                "array" => value.is_array(),
                "string" => value.is_string(),
                "integer" => value.is_i64() || value.is_u64(),
                "number" => value.is_number(),
                other => panic!("{other}"),
            },
            "const" => value == said,
            "enum" => said.as_array().unwrap().contains(value),
            "minimum" => value.as_i64() >= said.as_i64(),
            "pattern" => is_like(value.as_str().unwrap_or_default(), said.as_str().unwrap()),
            "required" => said
                .as_array()
                .unwrap()
                .iter()
                .all(|key| value.get(key.as_str().unwrap()).is_some()),
            "properties" => {
                for (key, schema) in said.as_object().unwrap() {
                    if let Some(inner) = value.get(key) {
                        faults(inner, schema, all, &format!("{at}/{key}"), out);
                    }
                }
                true
            }
            "items" => {
                for (nth, inner) in value.as_array().into_iter().flatten().enumerate() {
                    faults(inner, said, all, &format!("{at}/{nth}"), out);
                }
                true
            }
            other => panic!("the schema has the word {other}"),
        };
        if !holds {
            out.push(format!("{at}: {word} {said}: {value}"));
        }
    }
}

/// Whether a text is like one of the schema's patterns.
fn is_like(text: &str, pattern: &str) -> bool {
    let is_id = |text: &str| {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-';
        (1..=64).contains(&text.len()) && text.chars().all(is_plain)
    };
    let is_url = text.starts_with("http://") || text.starts_with("https://");
    match pattern {
        "^[A-Za-z0-9.-]{1,64}$" => is_id(text),
        "^Location/[A-Za-z0-9.-]{1,64}$" => text.strip_prefix("Location/").is_some_and(is_id),
        "^Schedule/[A-Za-z0-9.-]{1,64}$" => text.strip_prefix("Schedule/").is_some_and(is_id),
        "^https?://.+" => is_url,
        "^https?://.+/\\$bulk-publish$" => is_url && text.ends_with("/$bulk-publish"),
        "^https?://.+\\.ndjson$" => is_url && text.ends_with(".ndjson"),
        instant if instant.starts_with("^20[0-9]{2}-") => {
            text.len() >= 20 && chrono::DateTime::parse_from_rfc3339(text).is_ok()
        }
        other => panic!("{other}"),
    }
}

#[track_caller]
fn is_valid(value: &Value, kind: &str) {
    let all: Value = serde_json::from_str(SCHEMA).unwrap();
    let mut found = Vec::new();
    faults(value, &all["$defs"][kind], &all, kind, &mut found);
    assert!(found.is_empty(), "{found:?}");
}

async fn published() {
    let town = Town::open(None, 60, 20).await;
    let address = served(&town).await;
    let token = town.token("p0003").await;
    assert_eq!(town.app.book(&token, 0, &Wish::Cancel, at(EVE)).await.unwrap(), Done::Done);
    let manifest = get(address, "/smart-scheduling/$bulk-publish");
    assert_eq!(manifest.headers["content-type"], "application/json");
    let manifest = manifest.json();
    is_valid(&manifest, "Manifest");
    let (mut ids, mut free, mut slots) = (BTreeSet::new(), 0_u64, 0);
    for file in manifest["output"].as_array().unwrap() {
        let kind = file["type"].as_str().unwrap();
        let path = file["url"].as_str().unwrap().strip_prefix("http://yy.example").unwrap();
        let answer = get(address, path);
        assert_eq!(answer.headers["content-type"], "application/fhir+ndjson");
        for line in answer.body.lines() {
            let one: Value = serde_json::from_str(line).unwrap();
            is_valid(&one, kind);
            let id = format!("{kind}/{}", one["id"].as_str().unwrap());
            assert!(ids.insert(id.clone()), "{id} twice");
            // Everything that is named stands in a file before it.
            let named = [&one["schedule"]["reference"], &one["actor"][0]["reference"]];
            for named in named.into_iter().filter_map(Value::as_str) {
                assert!(ids.contains(named), "{named}");
            }
            if kind == "Slot" {
                slots += 1;
                free += one["extension"][0]["valueInteger"].as_u64().unwrap();
            }
        }
    }
    let open = town.app.open_slots(&town.loaded, at(EVE)).await.unwrap();
    assert_eq!((slots, free), (open.len(), open.iter().map(|one| one.free).sum()));
    assert!(free >= 1 && ids.contains("Location/S1"), "{free} {ids:?}");
    assert_eq!(get(address, "/smart-scheduling/persons.ndjson").status, 404);
}

#[test]
fn free_slots_are_published_as_the_standard_says() {
    wait(published());
}
