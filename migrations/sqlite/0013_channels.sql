-- A message goes by one of several ways: mail, or a service of text messages, or a robot. `channel` is the way in use,
-- `serial` the service's number of it, `receipt` what the service reported: waiting, arrived, missed. `left_at` is the wall
-- clock when the body left, `segments` how many messages of the service's bill it is.
ALTER TABLE outbox ADD COLUMN channel TEXT NOT NULL DEFAULT 'mail';
ALTER TABLE outbox ADD COLUMN serial TEXT;
ALTER TABLE outbox ADD COLUMN receipt TEXT;
ALTER TABLE outbox ADD COLUMN left_at INTEGER;
ALTER TABLE outbox ADD COLUMN segments INTEGER NOT NULL DEFAULT 0;
CREATE INDEX outbox_channel ON outbox (channel, state, due_at);
CREATE INDEX outbox_serial ON outbox (serial) WHERE serial IS NOT NULL;
CREATE INDEX outbox_receipt ON outbox (channel, left_at) WHERE receipt = 'waiting';
CREATE INDEX outbox_recipient ON outbox (recipient) WHERE channel <> 'mail';

-- The ways of a message that are not in use yet.
CREATE TABLE way (
    outbox INTEGER NOT NULL REFERENCES outbox (id),
    nth INTEGER NOT NULL,
    channel TEXT NOT NULL,
    recipient TEXT NOT NULL,
    content BLOB NOT NULL,
    segments INTEGER NOT NULL,
    PRIMARY KEY (outbox, nth)
) STRICT, WITHOUT ROWID;

-- What happened to a message, by which way. `said` has codes, and nothing of readers or texts.
CREATE TABLE passage (
    id INTEGER PRIMARY KEY,
    outbox INTEGER NOT NULL REFERENCES outbox (id),
    at INTEGER NOT NULL,
    channel TEXT NOT NULL,
    event TEXT NOT NULL,
    said TEXT NOT NULL
) STRICT;
CREATE INDEX passage_outbox ON passage (outbox);

-- Receipts that came before the answer to what they are about.
CREATE TABLE early_receipt (
    channel TEXT NOT NULL,
    serial TEXT NOT NULL,
    arrived INTEGER NOT NULL,
    code TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (channel, serial)
) STRICT, WITHOUT ROWID;

-- Mobile numbers that were missed, or that take no texts from us.
CREATE TABLE phone (
    number TEXT PRIMARY KEY,
    misses INTEGER NOT NULL,
    missed_on TEXT,
    closed_at INTEGER,
    why TEXT
) STRICT, WITHOUT ROWID;

-- What people wrote back. `name` makes a reply one of its own.
CREATE TABLE reply (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    channel TEXT NOT NULL,
    number TEXT NOT NULL,
    at INTEGER NOT NULL,
    said TEXT NOT NULL,
    stops INTEGER NOT NULL,
    outbox INTEGER REFERENCES outbox (id),
    done_at INTEGER,
    done_by TEXT
) STRICT;
CREATE INDEX reply_number ON reply (number);

-- Messages and parts of the service's bill, by day and campaign.
CREATE TABLE spending (
    channel TEXT NOT NULL,
    day TEXT NOT NULL,
    campaign INTEGER NOT NULL REFERENCES campaign (no),
    messages INTEGER NOT NULL,
    segments INTEGER NOT NULL,
    PRIMARY KEY (channel, day, campaign)
) STRICT, WITHOUT ROWID;
