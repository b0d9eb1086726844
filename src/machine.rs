//! The identity of this machine, and whose process this is.

use std::fs;
use std::os::unix::fs::MetadataExt as _;

/// The machine's id; its host name if it has none, as in a container.
pub fn machine_id() -> String {
    let read = |path: &str| fs::read_to_string(path).ok().map(|text| text.trim().to_owned());
    ["/etc/machine-id", "/var/lib/dbus/machine-id", "/proc/sys/kernel/hostname"]
        .iter()
        .filter_map(|path| read(path))
        .find(|id| !id.is_empty())
        .unwrap_or_else(|| "unknown".to_owned())
}

/// The operating system's user whose process this is. Where somebody logged in under another name (`sudo -u`), that
/// name too: the kernel keeps it, and no user can change it.
pub fn user() -> String {
    let name = whoami::username().unwrap_or_else(|_| {
        // A container may run under a number that has no name.
        fs::metadata("/proc/self")
            .map_or("unknown user".to_owned(), |it| format!("user {}", it.uid()))
    });
    match login().filter(|login| *login != name) {
        Some(login) => format!("{name}, logged in as {login}"),
        None => name,
    }
}

/// Who logged in, by the kernel's account of it; `None` for what was not begun by a login.
fn login() -> Option<String> {
    let id: u32 = fs::read_to_string("/proc/self/loginuid").ok()?.trim().parse().ok()?;
    if id == u32::MAX {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").ok()?;
    let name = users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(id)).then(|| name.to_owned())
    });
    Some(name.unwrap_or_else(|| format!("user {id}")))
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_process_is_always_somebodys() {
        assert!(!super::user().trim().is_empty());
    }
}
