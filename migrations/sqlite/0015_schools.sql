-- Rows of the lists of schools (`list` is the school's area) and of the townships' lists of those who are not at school.
-- `content` is the row in JSON; `decided` what a clerk said of it: a person's code, 'new' or 'drop'.
CREATE TABLE pupil (
    list TEXT NOT NULL,
    nr INTEGER NOT NULL,
    kind TEXT NOT NULL,
    content TEXT NOT NULL,
    decided TEXT,
    recorded_at INTEGER NOT NULL,
    PRIMARY KEY (list, nr)
) STRICT, WITHOUT ROWID;

-- What guardians answered in a campaign, and what they had answered before.
CREATE TABLE consent (
    campaign INTEGER NOT NULL REFERENCES campaign (no),
    person TEXT NOT NULL,
    answer TEXT NOT NULL,
    day TEXT NOT NULL,
    given_by TEXT,
    reason TEXT,
    recorded_at INTEGER NOT NULL,
    PRIMARY KEY (campaign, person)
) STRICT, WITHOUT ROWID;
CREATE INDEX consent_person ON consent (person);
CREATE TABLE consent_past (
    campaign INTEGER NOT NULL,
    person TEXT NOT NULL,
    answer TEXT NOT NULL,
    day TEXT NOT NULL,
    given_by TEXT,
    reason TEXT,
    recorded_at INTEGER NOT NULL,
    superseded_at INTEGER NOT NULL
) STRICT;
CREATE INDEX consent_past_order ON consent_past (campaign, person);

-- Who stands on a list that was printed for a visit.
CREATE TABLE printed (
    campaign INTEGER NOT NULL REFERENCES campaign (no),
    person TEXT NOT NULL,
    day TEXT NOT NULL,
    school TEXT NOT NULL,
    class TEXT NOT NULL,
    printed_at INTEGER NOT NULL,
    PRIMARY KEY (campaign, person, day)
) STRICT, WITHOUT ROWID;
CREATE INDEX printed_person ON printed (person);
