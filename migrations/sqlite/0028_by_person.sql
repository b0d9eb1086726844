-- Doses are kept in the order of persons: whoever looks up a person, or goes through the register, finds a person's
-- doses side by side. Until now an index held every dose a second time for it. A record is found by its own index.
CREATE TABLE dose_new (
    record TEXT NOT NULL,
    person TEXT NOT NULL,
    day TEXT NOT NULL,
    place TEXT NOT NULL,
    product TEXT,
    lot TEXT,
    -- Under which it was recorded: its vaccine where the product does not say, its stock, its sites' reports.
    campaign INTEGER REFERENCES campaign (no),
    -- Whether it was given outside the jurisdiction: no stock and no site of ours has to do with it.
    elsewhere INTEGER NOT NULL,
    attribute TEXT,
    entered_by TEXT,
    entered_at TEXT,
    recorded_at INTEGER NOT NULL, PRIMARY KEY (person, record)
) STRICT, WITHOUT ROWID;
INSERT INTO dose_new
    SELECT record, person, day, place, product, lot, campaign, elsewhere, attribute, entered_by, entered_at,
        recorded_at
    FROM dose INDEXED BY dose_person ORDER BY person, record;
DROP TABLE dose;
ALTER TABLE dose_new RENAME TO dose;
CREATE UNIQUE INDEX dose_record ON dose (record);
CREATE INDEX dose_day ON dose (campaign, day) WHERE elsewhere = 0;
DELETE FROM sqlite_stat1 WHERE tbl = 'dose';
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('dose', 'dose', '2000000 2 1'),
    ('dose', 'dose_record', '2000000 1');
ANALYZE sqlite_schema;
