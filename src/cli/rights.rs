//! Whatever the program makes belongs to its user alone: databases, logs, mails, files with refused rows and exports hold
//! people's names. The umask of the environment does not matter.

use rustix::fs::Mode;
use rustix::process::umask;

/// From now on nobody else gets a right to a new file or folder; returns what was usual before.
pub(super) fn close() -> Mode {
    umask(Mode::RWXG | Mode::RWXO)
}

/// As the environment has it, for files that others shall read. Files that another thread makes meanwhile are as open,
/// so there must be none.
pub(super) fn open(usual: Mode) {
    umask(usual);
}
