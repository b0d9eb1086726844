-- Who may send from this database, and since when nobody may. One row, made with the tables.
CREATE TABLE installation (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    -- Of this database, kept for ever, in copies too.
    id TEXT NOT NULL,
    -- Signs links in mails.
    secret BLOB NOT NULL,
    -- Machine and place from which mail may leave: empty until the first daemon or command says so, none in a copy
    -- until it is adopted.
    home TEXT,
    -- Raised whenever mail has left; a file beside the database holds it too, so that an old copy put in its place shows.
    generation INTEGER NOT NULL,
    -- The latest wall clock that a daemon has seen.
    seen_at INTEGER,
    -- Why nothing is sent, in a word and in a sentence, and since when.
    hold TEXT,
    hold_said TEXT,
    held_at INTEGER
) STRICT;

-- Daemons and when they last looked, by the database's clock.
CREATE TABLE daemon (
    owner TEXT PRIMARY KEY,
    version TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What happened to the installation itself: clock jumps, holds, adoptions, copies.
CREATE TABLE event (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    said TEXT NOT NULL
) STRICT;

-- A mail server: its circuit breaker and its pace, shared by all daemons.
CREATE TABLE relay (
    name TEXT PRIMARY KEY,
    failures INTEGER NOT NULL,
    paused_until INTEGER NOT NULL,
    last_error TEXT,
    -- Messages a minute after the server asked for fewer, and when it did.
    slowed_to INTEGER,
    slowed_at INTEGER NOT NULL,
    -- When the pace lets the next message go.
    next_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Reports that a mail did not arrive; `report` tells the same one again.
CREATE TABLE bounce (
    id INTEGER PRIMARY KEY,
    report TEXT NOT NULL UNIQUE,
    outbox INTEGER REFERENCES outbox (id),
    address TEXT NOT NULL,
    at INTEGER NOT NULL,
    -- 'hard', 'soft', 'policy', 'delayed', 'delivered'.
    kind TEXT NOT NULL,
    -- Whether it speaks against the address; no longer once somebody has mended that.
    counts INTEGER NOT NULL,
    status TEXT NOT NULL,
    said TEXT NOT NULL
) STRICT;
CREATE INDEX bounce_address ON bounce (address);

-- Addresses that no mail is sent to until somebody mends them.
CREATE TABLE suppressed (
    address TEXT PRIMARY KEY,
    at INTEGER NOT NULL,
    why TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Readers who want no more reminders of a campaign.
CREATE TABLE unsubscribed (
    campaign INTEGER NOT NULL REFERENCES campaign (no),
    address TEXT NOT NULL,
    at INTEGER NOT NULL,
    how TEXT NOT NULL,
    PRIMARY KEY (campaign, address)
) STRICT, WITHOUT ROWID;

-- Every file that was taken in, in numbers.
CREATE TABLE imported (
    id INTEGER PRIMARY KEY,
    campaign INTEGER NOT NULL REFERENCES campaign (no),
    kind TEXT NOT NULL,
    at INTEGER NOT NULL,
    new INTEGER NOT NULL,
    same INTEGER NOT NULL,
    corrected INTEGER NOT NULL,
    refused INTEGER NOT NULL
) STRICT;

-- The next mails are found without reading those that wait with them.
DROP INDEX outbox_due;
CREATE INDEX outbox_due ON outbox (state, due_at, id);
CREATE INDEX outbox_owner ON outbox (owner) WHERE owner IS NOT NULL;
CREATE INDEX run_last ON run (campaign, job, state, due_at);
