-- Each line of the audit log is sealed together with the line before it (`store/seal`). `nr` is its place in the chain,
-- `address` where the request came from. Lines from before have neither until the program chains them.
ALTER TABLE audit ADD COLUMN address TEXT COLLATE "C";
ALTER TABLE audit ADD COLUMN nr BIGINT;
ALTER TABLE audit ADD COLUMN seal TEXT COLLATE "C";
CREATE UNIQUE INDEX audit_nr ON audit (nr);

-- The end of the chain: how many lines, the last one's seal, and a seal over both.
CREATE TABLE audit_head (
    one BIGINT PRIMARY KEY CHECK (one = 1),
    count BIGINT NOT NULL,
    seal TEXT COLLATE "C" NOT NULL,
    proof TEXT COLLATE "C" NOT NULL
);
INSERT INTO audit_head (one, count, seal, proof) VALUES (1, 0, '', '');

-- Who took in what. A record of kind `kind` that was recorded (or voided) `at` this instant is theirs, so there is one
-- entry for an instant.
ALTER TABLE imported ADD COLUMN who TEXT COLLATE "C";
ALTER TABLE imported ADD COLUMN address TEXT COLLATE "C";
CREATE UNIQUE INDEX imported_entry ON imported (campaign, kind, at) WHERE who IS NOT NULL;

-- Wrong passwords of late, by source and by account: what `what` is, how many, and when the last one was.
CREATE TABLE guess (
    what TEXT COLLATE "C" PRIMARY KEY,
    failures BIGINT NOT NULL,
    at BIGINT NOT NULL
);

-- Counts that nobody can mean, until somebody confirms or corrects them. They count nowhere.
CREATE TABLE doubtful (
    campaign BIGINT NOT NULL REFERENCES campaign (no),
    record TEXT COLLATE "C" NOT NULL,
    day DATE NOT NULL,
    place TEXT COLLATE "C" NOT NULL,
    area TEXT COLLATE "C" NOT NULL,
    grp TEXT COLLATE "C" NOT NULL,
    dose BIGINT NOT NULL,
    doses BIGINT NOT NULL,
    -- Why, in a word, and the number that goes with it.
    why TEXT COLLATE "C" NOT NULL,
    than BIGINT NOT NULL,
    who TEXT COLLATE "C" NOT NULL,
    address TEXT COLLATE "C",
    at BIGINT NOT NULL,
    PRIMARY KEY (campaign, record)
);

-- What a place reported for a day, by record.
CREATE INDEX tally_day ON tally (campaign, day, place);
