-- Each line of the audit log is sealed together with the line before it (`store/seal`). `nr` is its place in the chain,
-- `address` where the request came from. Lines from before have neither until the program chains them.
ALTER TABLE audit ADD COLUMN address TEXT;
ALTER TABLE audit ADD COLUMN nr INTEGER;
ALTER TABLE audit ADD COLUMN seal TEXT;
CREATE UNIQUE INDEX audit_nr ON audit (nr);

-- The end of the chain: how many lines, the last one's seal, and a seal over both.
CREATE TABLE audit_head (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    count INTEGER NOT NULL,
    seal TEXT NOT NULL,
    proof TEXT NOT NULL
) STRICT;
INSERT INTO audit_head (one, count, seal, proof) VALUES (1, 0, '', '');

-- Who took in what. A record of kind `kind` that was recorded (or voided) `at` this instant is theirs, so there is one
-- entry for an instant.
ALTER TABLE imported ADD COLUMN who TEXT;
ALTER TABLE imported ADD COLUMN address TEXT;
CREATE UNIQUE INDEX imported_entry ON imported (campaign, kind, at) WHERE who IS NOT NULL;

-- Wrong passwords of late, by source and by account: what `what` is, how many, and when the last one was.
CREATE TABLE guess (
    what TEXT PRIMARY KEY,
    failures INTEGER NOT NULL,
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Counts that nobody can mean, until somebody confirms or corrects them. They count nowhere.
CREATE TABLE doubtful (
    campaign INTEGER NOT NULL REFERENCES campaign (no),
    record TEXT NOT NULL,
    day TEXT NOT NULL,
    place TEXT NOT NULL,
    area TEXT NOT NULL,
    grp TEXT NOT NULL,
    dose INTEGER NOT NULL,
    doses INTEGER NOT NULL,
    -- Why, in a word, and the number that goes with it.
    why TEXT NOT NULL,
    than INTEGER NOT NULL,
    who TEXT NOT NULL,
    address TEXT,
    at INTEGER NOT NULL,
    PRIMARY KEY (campaign, record)
) STRICT, WITHOUT ROWID;

-- What a place reported for a day, by record.
CREATE INDEX tally_day ON tally (campaign, day, place);
