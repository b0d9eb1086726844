//! The identity of this machine, and whose process this is.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::process::Command;

/// The machine's id; its host name if it has none, as in a container.
pub fn machine_id() -> String {
    let read = |path: &str| fs::read_to_string(path).ok().map(|text| text.trim().to_owned());
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

/// The operating system's user whose process this is. Where somebody logged in under another name (`sudo -u`), that
/// name too: the kernel keeps it, and no user can change it.
pub fn user() -> String {
    let Ok(process) = fs::metadata("/proc/self") else { return "unknown user".to_owned() };
    let name = name_of(process.uid());
    match login().filter(|login| *login != process.uid()) {
        Some(login) => format!("{name}, logged in as {}", name_of(login)),
        None => name,
    }
}

/// The number of whoever logged in, by the kernel's account of it; `None` for what was not begun by a login.
fn login() -> Option<u32> {
    let text = fs::read_to_string("/proc/self/loginuid").ok()?;
    text.trim().parse().ok().filter(|id| *id != u32::MAX)
}

/// The name of a user: in the machine's own list, else in the directory that it asks. A container may run under a
/// number that has no name.
fn name_of(id: u32) -> String {
    let listed = fs::read_to_string("/etc/passwd").ok().and_then(|users| name_in(&users, id));
    let asked = || {
        let output = Command::new("getent").args(["passwd", &id.to_string()]).output().ok()?;
        name_in(&String::from_utf8_lossy(&output.stdout), id)
    };
    listed.or_else(asked).unwrap_or_else(|| format!("user {id}"))
}

/// The name of a user in lines of `passwd`.
fn name_in(users: &str, id: u32) -> Option<String> {
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next().filter(|name| !name.is_empty())?;
        (fields.nth(1)?.parse() == Ok(id)).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_always_somebodys() {
        assert!(!user().trim().is_empty());
        assert_eq!(name_of(u32::MAX - 7), format!("user {}", u32::MAX - 7));
    }

    #[test]
    fn a_name_is_that_of_its_number() {
        let users = "root:x:0:0:root:/:/bin/sh\nbroken\nzhao:x:1001:1001::/:/bin/sh\n";
        assert_eq!(name_in(users, 0).as_deref(), Some("root"));
        assert_eq!(name_in(users, 1001).as_deref(), Some("zhao"));
        assert_eq!(name_in(users, 100), None);
    }
}
