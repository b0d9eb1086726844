-- Days are text (2021-10-20), instants are milliseconds since 1970 in UTC, yes and no are 1 and 0.
-- A table `x` holds what is known now; `x_past` holds what was known before, with the time when it was replaced.

CREATE TABLE campaign (
    no INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE campaign_version (
    campaign INTEGER NOT NULL REFERENCES campaign (no),
    version INTEGER NOT NULL,
    applied_at INTEGER NOT NULL,
    content TEXT NOT NULL,
    PRIMARY KEY (campaign, version)
) STRICT, WITHOUT ROWID;

CREATE TABLE person (
    campaign INTEGER NOT NULL REFERENCES campaign (no),
    person TEXT NOT NULL,
    area TEXT NOT NULL,
    born TEXT NOT NULL,
    grp TEXT,
    content TEXT NOT NULL,
    recorded_at INTEGER NOT NULL,
    PRIMARY KEY (campaign, person)
) STRICT, WITHOUT ROWID;

CREATE TABLE person_past (
    campaign INTEGER NOT NULL,
    person TEXT NOT NULL,
    area TEXT NOT NULL,
    born TEXT NOT NULL,
    grp TEXT,
    content TEXT NOT NULL,
    recorded_at INTEGER NOT NULL,
    superseded_at INTEGER NOT NULL
) STRICT;
CREATE INDEX person_past_key ON person_past (campaign, person);

CREATE TABLE dose (
    campaign INTEGER NOT NULL REFERENCES campaign (no),
    record TEXT NOT NULL,
    person TEXT NOT NULL,
    day TEXT NOT NULL,
    place TEXT NOT NULL,
    product TEXT,
    lot TEXT,
    recorded_at INTEGER NOT NULL,
    PRIMARY KEY (campaign, record)
) STRICT, WITHOUT ROWID;
CREATE INDEX dose_person ON dose (campaign, person);

CREATE TABLE dose_past (
    campaign INTEGER NOT NULL,
    record TEXT NOT NULL,
    person TEXT NOT NULL,
    day TEXT NOT NULL,
    place TEXT NOT NULL,
    product TEXT,
    lot TEXT,
    recorded_at INTEGER NOT NULL,
    superseded_at INTEGER NOT NULL,
    why TEXT NOT NULL
) STRICT;
CREATE INDEX dose_past_key ON dose_past (campaign, record);

CREATE TABLE tally (
    campaign INTEGER NOT NULL REFERENCES campaign (no),
    record TEXT NOT NULL,
    day TEXT NOT NULL,
    place TEXT NOT NULL,
    area TEXT NOT NULL,
    grp TEXT NOT NULL,
    dose INTEGER NOT NULL,
    doses INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    PRIMARY KEY (campaign, record)
) STRICT, WITHOUT ROWID;

CREATE TABLE tally_past (
    campaign INTEGER NOT NULL,
    record TEXT NOT NULL,
    day TEXT NOT NULL,
    place TEXT NOT NULL,
    area TEXT NOT NULL,
    grp TEXT NOT NULL,
    dose INTEGER NOT NULL,
    doses INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    superseded_at INTEGER NOT NULL,
    why TEXT NOT NULL
) STRICT;
CREATE INDEX tally_past_key ON tally_past (campaign, record);

CREATE TABLE outcome (
    campaign INTEGER NOT NULL REFERENCES campaign (no),
    record TEXT NOT NULL,
    person TEXT NOT NULL,
    day TEXT NOT NULL,
    outcome TEXT NOT NULL,
    until_day TEXT,
    recorded_at INTEGER NOT NULL,
    PRIMARY KEY (campaign, record)
) STRICT, WITHOUT ROWID;
CREATE INDEX outcome_person ON outcome (campaign, person);

CREATE TABLE outcome_past (
    campaign INTEGER NOT NULL,
    record TEXT NOT NULL,
    person TEXT NOT NULL,
    day TEXT NOT NULL,
    outcome TEXT NOT NULL,
    until_day TEXT,
    recorded_at INTEGER NOT NULL,
    superseded_at INTEGER NOT NULL,
    why TEXT NOT NULL
) STRICT;

-- What a place reported for people of one area and group on one day, by number of the dose: doses of persons
-- (all, repeats, those that do not count) and doses of tallies. A row exists while a record stands behind it.
CREATE TABLE cell (
    campaign INTEGER NOT NULL REFERENCES campaign (no),
    day TEXT NOT NULL,
    place TEXT NOT NULL,
    grp TEXT NOT NULL,
    dose INTEGER NOT NULL,
    area TEXT NOT NULL,
    persons INTEGER NOT NULL,
    repeats INTEGER NOT NULL,
    invalid INTEGER NOT NULL,
    tally INTEGER NOT NULL,
    tallies INTEGER NOT NULL,
    PRIMARY KEY (campaign, day, place, grp, dose, area)
) STRICT, WITHOUT ROWID;

-- Doses as they count (persons first, then what tallies add), kept by the transaction that changes a cell.
CREATE TABLE total (
    campaign INTEGER NOT NULL REFERENCES campaign (no),
    area TEXT NOT NULL,
    grp TEXT NOT NULL,
    dose INTEGER NOT NULL,
    day TEXT NOT NULL,
    doses INTEGER NOT NULL,
    repeats INTEGER NOT NULL,
    invalid INTEGER NOT NULL,
    exceeding INTEGER NOT NULL,
    PRIMARY KEY (campaign, area, grp, dose, day)
) STRICT, WITHOUT ROWID;

-- `content` is the plan's rows as deflated CSV; `figures` and `curve` are JSON.
CREATE TABLE plan (
    no INTEGER PRIMARY KEY,
    campaign INTEGER NOT NULL REFERENCES campaign (no),
    version INTEGER NOT NULL,
    made_at INTEGER NOT NULL,
    from_day TEXT NOT NULL,
    made_by TEXT NOT NULL,
    state TEXT NOT NULL,
    adopted_at INTEGER,
    figures TEXT NOT NULL,
    unplaced TEXT NOT NULL,
    curve TEXT NOT NULL,
    given_doses INTEGER NOT NULL,
    content BLOB NOT NULL
) STRICT;
CREATE INDEX plan_state ON plan (campaign, state);

CREATE TABLE assignment (
    campaign INTEGER NOT NULL REFERENCES campaign (no),
    person TEXT NOT NULL,
    dose INTEGER NOT NULL,
    day TEXT NOT NULL,
    place TEXT NOT NULL,
    plan INTEGER NOT NULL,
    made_at INTEGER NOT NULL,
    PRIMARY KEY (campaign, person)
) STRICT, WITHOUT ROWID;
CREATE INDEX assignment_day ON assignment (campaign, day, place);

CREATE TABLE assignment_past (
    campaign INTEGER NOT NULL,
    person TEXT NOT NULL,
    dose INTEGER NOT NULL,
    day TEXT NOT NULL,
    place TEXT NOT NULL,
    plan INTEGER NOT NULL,
    made_at INTEGER NOT NULL,
    ended_at INTEGER NOT NULL,
    why TEXT NOT NULL
) STRICT;
CREATE INDEX assignment_past_day ON assignment_past (campaign, day, place);
CREATE INDEX assignment_past_person ON assignment_past (campaign, person);

-- Finished mails. `unique_key` says what it is about, so that a job that runs twice writes it once.
-- `content` is the deflated RFC 5322 message.
CREATE TABLE outbox (
    id INTEGER PRIMARY KEY,
    campaign INTEGER REFERENCES campaign (no),
    unique_key TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    recipient TEXT NOT NULL,
    subject TEXT NOT NULL,
    message_id TEXT NOT NULL UNIQUE,
    content BLOB NOT NULL,
    state TEXT NOT NULL,
    phase TEXT,
    attempts INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    send_by INTEGER,
    quiet INTEGER NOT NULL,
    zone TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    owner TEXT,
    fence INTEGER NOT NULL,
    lease_until INTEGER,
    last_error TEXT
) STRICT;
CREATE INDEX outbox_due ON outbox (state, due_at);

CREATE TABLE reminder (
    campaign INTEGER NOT NULL REFERENCES campaign (no),
    person TEXT NOT NULL,
    dose INTEGER NOT NULL,
    kind TEXT NOT NULL,
    day TEXT NOT NULL,
    outbox INTEGER NOT NULL REFERENCES outbox (id),
    PRIMARY KEY (campaign, person, dose, kind, day)
) STRICT, WITHOUT ROWID;

-- One row for each due time of each job.
CREATE TABLE run (
    id INTEGER PRIMARY KEY,
    campaign INTEGER NOT NULL REFERENCES campaign (no),
    job TEXT NOT NULL,
    due_at INTEGER NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    attempt INTEGER NOT NULL,
    owner TEXT,
    fence INTEGER NOT NULL,
    lease_until INTEGER,
    started_at INTEGER,
    finished_at INTEGER,
    UNIQUE (campaign, job, due_at)
) STRICT;
CREATE INDEX run_state ON run (state, due_at);

CREATE TABLE watermark (
    campaign INTEGER NOT NULL REFERENCES campaign (no),
    job TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (campaign, job)
) STRICT, WITHOUT ROWID;
