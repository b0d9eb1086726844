//! The series files delivered with the program, in the order of the output.

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../../schedules/series/", $name)))),*]
    };
}

pub(in crate::intake) const FILES: &[(&str, &str)] = files![
    "cn-bcg.toml",
    "cn-hepb.toml",
    "cn-polio.toml",
    "cn-polio-ipv.toml",
    "cn-dtap.toml",
    "cn-dtap-2021.toml",
    "cn-measles.toml",
    "cn-rubella.toml",
    "cn-rubella-2007.toml",
    "cn-mumps.toml",
    "cn-mumps-2007.toml",
    "cn-je-live.toml",
    "cn-je-inactivated.toml",
    "cn-mpsv-a.toml",
    "cn-mpsv-ac.toml",
    "cn-hepa-live.toml",
    "cn-hepa-inactivated.toml",
    "cn-hpv-programme.toml",
    "cn-hpv-label-2dose.toml",
    "cn-hpv-label-2dose-early.toml",
    "cn-hpv-label-3dose.toml",
    "cn-ppsv23.toml",
    "cn-influenza-first.toml",
    "covid19-inactivated.toml",
    "covid19-cho.toml",
    "covid19-ad5.toml",
    "covid19-booster.toml",
];
