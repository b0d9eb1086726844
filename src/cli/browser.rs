//! Saves a mail's page as a file and opens it in the browser.

use super::{Invocation, exit};
use crate::app::notices::Post;
use anyhow::Context as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Path of a file for a page that is only looked at, in the folder for temporary files.
pub(super) fn file(key: &str) -> PathBuf {
    let plain: String =
        key.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '-' }).collect();
    std::env::temp_dir().join(format!("doseplan-{plain}-{}.html", uuid::Uuid::new_v4()))
}

/// Writes the page and, if asked, opens it.
pub(super) fn show(
    invocation: &Invocation,
    post: &Post,
    file: &Path,
    open: bool,
) -> anyhow::Result<u8> {
    // Pages hold names and phone numbers.
    crate::files::write(file, post.letter.page()).with_context(|| format!("{}", file.display()))?;
    let path = file.display();
    invocation.out.note("digest-page", &[("path", &path)]);
    if open && !opened(file) {
        invocation.out.note("digest-no-browser", &[]);
    }
    Ok(exit::OK)
}

/// Opens the file with the system's own program for pages.
fn opened(file: &Path) -> bool {
    let mut command = match std::env::consts::OS {
        "macos" => Command::new("open"),
        "windows" => {
            let mut command = Command::new("cmd");
            command.args(["/C", "start", ""]);
            command
        }
        _ => Command::new("xdg-open"),
    };
    command.arg(file).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
