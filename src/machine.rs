//! The identity of this machine.

/// The machine's id; its host name if it has none, as in a container.
pub fn machine_id() -> String {
    let read = |path: &str| std::fs::read_to_string(path).ok().map(|text| text.trim().to_owned());
    ["/etc/machine-id", "/var/lib/dbus/machine-id", "/proc/sys/kernel/hostname"]
        .iter()
        .filter_map(|path| read(path))
        .find(|id| !id.is_empty())
        .unwrap_or_else(|| "unknown".to_owned())
}

/// The name of this machine, as its administrator set it; often a short one.
pub fn host_name() -> Option<String> {
    rustix::system::uname().nodename().to_str().ok().map(str::to_owned)
}
