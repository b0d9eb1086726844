-- Days are dates, instants are milliseconds since 1970 in UTC, yes and no are 1 and 0.
-- A table `x` holds what is known now; `x_past` holds what was known before, with the time when it was replaced.

CREATE TABLE campaign (
    no BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id TEXT COLLATE "C" NOT NULL UNIQUE,
    created_at BIGINT NOT NULL
);

CREATE TABLE campaign_version (
    campaign BIGINT NOT NULL REFERENCES campaign (no),
    version BIGINT NOT NULL,
    applied_at BIGINT NOT NULL,
    content TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (campaign, version)
);

CREATE TABLE person (
    campaign BIGINT NOT NULL REFERENCES campaign (no),
    person TEXT COLLATE "C" NOT NULL,
    area TEXT COLLATE "C" NOT NULL,
    born DATE NOT NULL,
    grp TEXT COLLATE "C",
    content TEXT COLLATE "C" NOT NULL,
    recorded_at BIGINT NOT NULL,
    PRIMARY KEY (campaign, person)
);

CREATE TABLE person_past (
    campaign BIGINT NOT NULL,
    person TEXT COLLATE "C" NOT NULL,
    area TEXT COLLATE "C" NOT NULL,
    born DATE NOT NULL,
    grp TEXT COLLATE "C",
    content TEXT COLLATE "C" NOT NULL,
    recorded_at BIGINT NOT NULL,
    superseded_at BIGINT NOT NULL
);
CREATE INDEX person_past_key ON person_past (campaign, person);

CREATE TABLE dose (
    campaign BIGINT NOT NULL REFERENCES campaign (no),
    record TEXT COLLATE "C" NOT NULL,
    person TEXT COLLATE "C" NOT NULL,
    day DATE NOT NULL,
    place TEXT COLLATE "C" NOT NULL,
    product TEXT COLLATE "C",
    lot TEXT COLLATE "C",
    recorded_at BIGINT NOT NULL,
    PRIMARY KEY (campaign, record)
);
CREATE INDEX dose_person ON dose (campaign, person);

CREATE TABLE dose_past (
    campaign BIGINT NOT NULL,
    record TEXT COLLATE "C" NOT NULL,
    person TEXT COLLATE "C" NOT NULL,
    day DATE NOT NULL,
    place TEXT COLLATE "C" NOT NULL,
    product TEXT COLLATE "C",
    lot TEXT COLLATE "C",
    recorded_at BIGINT NOT NULL,
    superseded_at BIGINT NOT NULL,
    why TEXT COLLATE "C" NOT NULL
);
CREATE INDEX dose_past_key ON dose_past (campaign, record);

CREATE TABLE tally (
    campaign BIGINT NOT NULL REFERENCES campaign (no),
    record TEXT COLLATE "C" NOT NULL,
    day DATE NOT NULL,
    place TEXT COLLATE "C" NOT NULL,
    area TEXT COLLATE "C" NOT NULL,
    grp TEXT COLLATE "C" NOT NULL,
    dose BIGINT NOT NULL,
    doses BIGINT NOT NULL,
    recorded_at BIGINT NOT NULL,
    PRIMARY KEY (campaign, record)
);

CREATE TABLE tally_past (
    campaign BIGINT NOT NULL,
    record TEXT COLLATE "C" NOT NULL,
    day DATE NOT NULL,
    place TEXT COLLATE "C" NOT NULL,
    area TEXT COLLATE "C" NOT NULL,
    grp TEXT COLLATE "C" NOT NULL,
    dose BIGINT NOT NULL,
    doses BIGINT NOT NULL,
    recorded_at BIGINT NOT NULL,
    superseded_at BIGINT NOT NULL,
    why TEXT COLLATE "C" NOT NULL
);
CREATE INDEX tally_past_key ON tally_past (campaign, record);

CREATE TABLE outcome (
    campaign BIGINT NOT NULL REFERENCES campaign (no),
    record TEXT COLLATE "C" NOT NULL,
    person TEXT COLLATE "C" NOT NULL,
    day DATE NOT NULL,
    outcome TEXT COLLATE "C" NOT NULL,
    until_day DATE,
    recorded_at BIGINT NOT NULL,
    PRIMARY KEY (campaign, record)
);
CREATE INDEX outcome_person ON outcome (campaign, person);

CREATE TABLE outcome_past (
    campaign BIGINT NOT NULL,
    record TEXT COLLATE "C" NOT NULL,
    person TEXT COLLATE "C" NOT NULL,
    day DATE NOT NULL,
    outcome TEXT COLLATE "C" NOT NULL,
    until_day DATE,
    recorded_at BIGINT NOT NULL,
    superseded_at BIGINT NOT NULL,
    why TEXT COLLATE "C" NOT NULL
);

-- What a place reported for people of one area and group on one day, by number of the dose: doses of persons
-- (all, repeats, those that do not count) and doses of tallies. A row exists while a record stands behind it.
CREATE TABLE cell (
    campaign BIGINT NOT NULL REFERENCES campaign (no),
    day DATE NOT NULL,
    place TEXT COLLATE "C" NOT NULL,
    grp TEXT COLLATE "C" NOT NULL,
    dose BIGINT NOT NULL,
    area TEXT COLLATE "C" NOT NULL,
    persons BIGINT NOT NULL,
    repeats BIGINT NOT NULL,
    invalid BIGINT NOT NULL,
    tally BIGINT NOT NULL,
    tallies BIGINT NOT NULL,
    PRIMARY KEY (campaign, day, place, grp, dose, area)
);

-- Doses as they count (persons first, then what tallies add), kept by the transaction that changes a cell.
CREATE TABLE total (
    campaign BIGINT NOT NULL REFERENCES campaign (no),
    area TEXT COLLATE "C" NOT NULL,
    grp TEXT COLLATE "C" NOT NULL,
    dose BIGINT NOT NULL,
    day DATE NOT NULL,
    doses BIGINT NOT NULL,
    repeats BIGINT NOT NULL,
    invalid BIGINT NOT NULL,
    exceeding BIGINT NOT NULL,
    PRIMARY KEY (campaign, area, grp, dose, day)
);

-- `content` is the plan's rows as deflated CSV; `figures` and `curve` are JSON.
CREATE TABLE plan (
    no BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    campaign BIGINT NOT NULL REFERENCES campaign (no),
    version BIGINT NOT NULL,
    made_at BIGINT NOT NULL,
    from_day DATE NOT NULL,
    made_by TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    adopted_at BIGINT,
    figures TEXT COLLATE "C" NOT NULL,
    unplaced TEXT COLLATE "C" NOT NULL,
    curve TEXT COLLATE "C" NOT NULL,
    given_doses BIGINT NOT NULL,
    content BYTEA NOT NULL
);
CREATE INDEX plan_state ON plan (campaign, state);

CREATE TABLE assignment (
    campaign BIGINT NOT NULL REFERENCES campaign (no),
    person TEXT COLLATE "C" NOT NULL,
    dose BIGINT NOT NULL,
    day DATE NOT NULL,
    place TEXT COLLATE "C" NOT NULL,
    plan BIGINT NOT NULL,
    made_at BIGINT NOT NULL,
    PRIMARY KEY (campaign, person)
);
CREATE INDEX assignment_day ON assignment (campaign, day, place);

CREATE TABLE assignment_past (
    campaign BIGINT NOT NULL,
    person TEXT COLLATE "C" NOT NULL,
    dose BIGINT NOT NULL,
    day DATE NOT NULL,
    place TEXT COLLATE "C" NOT NULL,
    plan BIGINT NOT NULL,
    made_at BIGINT NOT NULL,
    ended_at BIGINT NOT NULL,
    why TEXT COLLATE "C" NOT NULL
);
CREATE INDEX assignment_past_day ON assignment_past (campaign, day, place);
CREATE INDEX assignment_past_person ON assignment_past (campaign, person);

-- Finished mails. `unique_key` says what it is about, so that a job that runs twice writes it once.
-- `content` is the deflated RFC 5322 message.
CREATE TABLE outbox (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    campaign BIGINT REFERENCES campaign (no),
    unique_key TEXT COLLATE "C" NOT NULL UNIQUE,
    kind TEXT COLLATE "C" NOT NULL,
    recipient TEXT COLLATE "C" NOT NULL,
    subject TEXT COLLATE "C" NOT NULL,
    message_id TEXT COLLATE "C" NOT NULL UNIQUE,
    content BYTEA NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    phase TEXT COLLATE "C",
    attempts BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    send_by BIGINT,
    quiet BIGINT NOT NULL,
    zone TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    owner TEXT COLLATE "C",
    fence BIGINT NOT NULL,
    lease_until BIGINT,
    last_error TEXT COLLATE "C"
);
CREATE INDEX outbox_due ON outbox (state, due_at);

CREATE TABLE reminder (
    campaign BIGINT NOT NULL REFERENCES campaign (no),
    person TEXT COLLATE "C" NOT NULL,
    dose BIGINT NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    day DATE NOT NULL,
    outbox BIGINT NOT NULL REFERENCES outbox (id),
    PRIMARY KEY (campaign, person, dose, kind, day)
);

-- One row for each due time of each job.
CREATE TABLE run (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    campaign BIGINT NOT NULL REFERENCES campaign (no),
    job TEXT COLLATE "C" NOT NULL,
    due_at BIGINT NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    reason TEXT COLLATE "C",
    attempt BIGINT NOT NULL,
    owner TEXT COLLATE "C",
    fence BIGINT NOT NULL,
    lease_until BIGINT,
    started_at BIGINT,
    finished_at BIGINT,
    UNIQUE (campaign, job, due_at)
);
CREATE INDEX run_state ON run (state, due_at);

CREATE TABLE watermark (
    campaign BIGINT NOT NULL REFERENCES campaign (no),
    job TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (campaign, job)
);
