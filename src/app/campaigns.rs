//! Campaigns: stored, compared, listed.
