-- A message goes by one of several ways: mail, or a service of text messages, or a robot. `channel` is the way in use,
-- `serial` the service's number of it, `receipt` what the service reported: waiting, arrived, missed. `left_at` is the wall
-- clock when the body left, `segments` how many messages of the service's bill it is.
ALTER TABLE outbox ADD COLUMN channel TEXT COLLATE "C" NOT NULL DEFAULT 'mail';
ALTER TABLE outbox ADD COLUMN serial TEXT COLLATE "C";
ALTER TABLE outbox ADD COLUMN receipt TEXT COLLATE "C";
ALTER TABLE outbox ADD COLUMN left_at BIGINT;
ALTER TABLE outbox ADD COLUMN segments BIGINT NOT NULL DEFAULT 0;
CREATE INDEX outbox_channel ON outbox (channel, state, due_at);
CREATE INDEX outbox_serial ON outbox (serial) WHERE serial IS NOT NULL;
CREATE INDEX outbox_receipt ON outbox (channel, left_at) WHERE receipt = 'waiting';
CREATE INDEX outbox_recipient ON outbox (recipient) WHERE channel <> 'mail';

-- The ways of a message that are not in use yet.
CREATE TABLE way (
    outbox BIGINT NOT NULL REFERENCES outbox (id),
    nth BIGINT NOT NULL,
    channel TEXT COLLATE "C" NOT NULL,
    recipient TEXT COLLATE "C" NOT NULL,
    content BYTEA NOT NULL,
    segments BIGINT NOT NULL,
    PRIMARY KEY (outbox, nth)
);

-- What happened to a message, by which way. `said` has codes, and nothing of readers or texts.
CREATE TABLE passage (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    outbox BIGINT NOT NULL REFERENCES outbox (id),
    at BIGINT NOT NULL,
    channel TEXT COLLATE "C" NOT NULL,
    event TEXT COLLATE "C" NOT NULL,
    said TEXT COLLATE "C" NOT NULL
);
CREATE INDEX passage_outbox ON passage (outbox);

-- Receipts that came before the answer to what they are about.
CREATE TABLE early_receipt (
    channel TEXT COLLATE "C" NOT NULL,
    serial TEXT COLLATE "C" NOT NULL,
    arrived BIGINT NOT NULL,
    code TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (channel, serial)
);

-- Mobile numbers that were missed, or that take no texts from us.
CREATE TABLE phone (
    number TEXT COLLATE "C" PRIMARY KEY,
    misses BIGINT NOT NULL,
    missed_on DATE,
    closed_at BIGINT,
    why TEXT COLLATE "C"
);

-- What people wrote back. `name` makes a reply one of its own.
CREATE TABLE reply (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name TEXT COLLATE "C" NOT NULL UNIQUE,
    channel TEXT COLLATE "C" NOT NULL,
    number TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL,
    said TEXT COLLATE "C" NOT NULL,
    stops BIGINT NOT NULL,
    outbox BIGINT REFERENCES outbox (id),
    done_at BIGINT,
    done_by TEXT COLLATE "C"
);
CREATE INDEX reply_number ON reply (number);

-- Messages and parts of the service's bill, by day and campaign.
CREATE TABLE spending (
    channel TEXT COLLATE "C" NOT NULL,
    day DATE NOT NULL,
    campaign BIGINT NOT NULL REFERENCES campaign (no),
    messages BIGINT NOT NULL,
    segments BIGINT NOT NULL,
    PRIMARY KEY (channel, day, campaign)
);
