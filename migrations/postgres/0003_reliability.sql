-- Who may send from this database, and since when nobody may. One row, made with the tables.
CREATE TABLE installation (
    one BIGINT PRIMARY KEY CHECK (one = 1),
    -- Of this database, kept for ever, in copies too.
    id TEXT COLLATE "C" NOT NULL,
    -- Signs links in mails.
    secret BYTEA NOT NULL,
    -- Machine and place from which mail may leave: empty until the first daemon or command says so, none in a copy
    -- until it is adopted.
    home TEXT COLLATE "C",
    -- Raised whenever mail has left; a file beside the database holds it too, so that an old copy put in its place shows.
    generation BIGINT NOT NULL,
    -- The latest wall clock that a daemon has seen.
    seen_at BIGINT,
    -- Why nothing is sent, in a word and in a sentence, and since when.
    hold TEXT COLLATE "C",
    hold_said TEXT COLLATE "C",
    held_at BIGINT
);

-- Daemons and when they last looked, by the database's clock.
CREATE TABLE daemon (
    owner TEXT COLLATE "C" PRIMARY KEY,
    version TEXT COLLATE "C" NOT NULL,
    started_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL
);

-- What happened to the installation itself: clock jumps, holds, adoptions, copies.
CREATE TABLE event (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at BIGINT NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    said TEXT COLLATE "C" NOT NULL
);

-- A mail server: its circuit breaker and its pace, shared by all daemons.
CREATE TABLE relay (
    name TEXT COLLATE "C" PRIMARY KEY,
    failures BIGINT NOT NULL,
    paused_until BIGINT NOT NULL,
    last_error TEXT COLLATE "C",
    -- Messages a minute after the server asked for fewer, and when it did.
    slowed_to BIGINT,
    slowed_at BIGINT NOT NULL,
    -- When the pace lets the next message go.
    next_at BIGINT NOT NULL
);

-- Reports that a mail did not arrive; `report` tells the same one again.
CREATE TABLE bounce (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    report TEXT COLLATE "C" NOT NULL UNIQUE,
    outbox BIGINT REFERENCES outbox (id),
    address TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL,
    -- 'hard', 'soft', 'policy', 'delayed', 'delivered'.
    kind TEXT COLLATE "C" NOT NULL,
    -- Whether it speaks against the address; no longer once somebody has mended that.
    counts BIGINT NOT NULL,
    status TEXT COLLATE "C" NOT NULL,
    said TEXT COLLATE "C" NOT NULL
);
CREATE INDEX bounce_address ON bounce (address);

-- Addresses that no mail is sent to until somebody mends them.
CREATE TABLE suppressed (
    address TEXT COLLATE "C" PRIMARY KEY,
    at BIGINT NOT NULL,
    why TEXT COLLATE "C" NOT NULL
);

-- Readers who want no more reminders of a campaign.
CREATE TABLE unsubscribed (
    campaign BIGINT NOT NULL REFERENCES campaign (no),
    address TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL,
    how TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (campaign, address)
);

-- Every file that was taken in, in numbers.
CREATE TABLE imported (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    campaign BIGINT NOT NULL REFERENCES campaign (no),
    kind TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL,
    new BIGINT NOT NULL,
    same BIGINT NOT NULL,
    corrected BIGINT NOT NULL,
    refused BIGINT NOT NULL
);

-- The next mails are found without reading those that wait with them.
DROP INDEX outbox_due;
CREATE INDEX outbox_due ON outbox (state, due_at, id);
CREATE INDEX outbox_owner ON outbox (owner) WHERE owner IS NOT NULL;
CREATE INDEX run_last ON run (campaign, job, state, due_at);
