-- What came along when two codes became one person, by keys, so that it can go back. Older rows do not have it.
ALTER TABLE alias ADD COLUMN moved TEXT;

-- Whoever goes through the register person by person reads all of a dose here: finding each dose by its record takes
-- several times as long, where records are not numbered by person.
DROP INDEX dose_person;
CREATE INDEX dose_person ON dose (person, day, place, product, lot, campaign, elsewhere, attribute, entered_by,
    entered_at, recorded_at);
CREATE INDEX dose_past_person ON dose_past (person);
DELETE FROM sqlite_stat1 WHERE idx = 'dose_person';
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ('dose', 'dose_person', '2000000 2 1 1 1 1 1 1 1 1 1 1');
ANALYZE sqlite_schema;

-- Whose code another was for a while, until that merger was taken back.
CREATE TABLE alias_past (
    alias TEXT NOT NULL,
    until_at INTEGER NOT NULL,
    person TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (alias, until_at)
) STRICT, WITHOUT ROWID;
CREATE INDEX alias_past_person ON alias_past (person);

-- Rows of these two had no key, so that nothing could say which of several equal ones came along. Numbers are never
-- given twice.
CREATE TABLE assignment_past_new (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    campaign INTEGER NOT NULL,
    person TEXT NOT NULL,
    dose INTEGER NOT NULL,
    day TEXT NOT NULL,
    place TEXT NOT NULL,
    plan INTEGER NOT NULL,
    made_at INTEGER NOT NULL,
    ended_at INTEGER NOT NULL,
    why TEXT NOT NULL,
    slot INTEGER,
    answer TEXT
) STRICT;
INSERT INTO assignment_past_new
    (campaign, person, dose, day, place, plan, made_at, ended_at, why, slot, answer)
    SELECT campaign, person, dose, day, place, plan, made_at, ended_at, why, slot, answer
    FROM assignment_past ORDER BY ended_at;
DROP TABLE assignment_past;
ALTER TABLE assignment_past_new RENAME TO assignment_past;
CREATE INDEX assignment_past_day ON assignment_past (campaign, day, place);
CREATE INDEX assignment_past_person ON assignment_past (campaign, person);

CREATE TABLE consent_past_new (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    campaign INTEGER NOT NULL,
    person TEXT NOT NULL,
    answer TEXT NOT NULL,
    day TEXT NOT NULL,
    given_by TEXT,
    reason TEXT,
    recorded_at INTEGER NOT NULL,
    superseded_at INTEGER NOT NULL
) STRICT;
INSERT INTO consent_past_new
    (campaign, person, answer, day, given_by, reason, recorded_at, superseded_at)
    SELECT campaign, person, answer, day, given_by, reason, recorded_at, superseded_at
    FROM consent_past ORDER BY superseded_at;
DROP TABLE consent_past;
ALTER TABLE consent_past_new RENAME TO consent_past;
CREATE INDEX consent_past_order ON consent_past (campaign, person);
