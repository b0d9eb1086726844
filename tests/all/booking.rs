//! Booking: seats that are never given twice, the public pages, and what replanning leaves alone.

use crate::support::{Folder, World, at, small, wait};
use doseplan::app::App;
use doseplan::app::booking::{Done, Wish};
use doseplan::config::Config;
use doseplan::domain::booking::{NoBooking, SlotTime};
use doseplan::domain::id::PlaceCode;
use doseplan::store::Store;
use std::collections::BTreeMap;
use std::sync::Arc;

mod race;
