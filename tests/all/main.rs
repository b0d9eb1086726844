//! Tests from outside: what a user, a script or another program may rely on.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall stop")]

mod booking;
mod bounces;
mod catch_up;
mod channels;
mod cli;
mod cockpit;
mod cockpit_bookings;
mod cockpit_calls;
mod cockpit_files;
mod cockpit_office;
mod cockpit_people;
mod cockpit_places;
mod cockpit_what_if;
mod copies;
mod coverage;
mod dice;
mod faults;
mod files;
mod guard;
mod homes;
mod hostile;
mod imports;
mod jobs;
mod leaving;
mod letters;
mod mail;
mod mergers;
mod national;
mod national_more;
mod national_register;
mod national_schools;
mod national_web;
#[expect(dead_code, reason = "shared with the tests of the library")]
mod old_workbook;
mod operation;
mod outputs;
mod people;
mod permissions;
mod places;
mod planner;
mod planner_ask;
mod planner_joint;
mod planner_kinds;
mod planner_people;
mod profiles;

mod reports;
mod rosters;
mod school_consents;
mod school_lists;
mod school_visits;
mod schools;
mod signals;
mod store;
mod support;
mod surge;
mod terminal;
mod timetable;
mod together;
mod voice;
mod web;
mod words;
mod workbooks;
mod world;
