-- Rows of the lists of schools (`list` is the school's area) and of the townships' lists of those who are not at school.
-- `content` is the row in JSON; `decided` what a clerk said of it: a person's code, 'new' or 'drop'.
CREATE TABLE pupil (
    list TEXT COLLATE "C" NOT NULL,
    nr BIGINT NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    content TEXT COLLATE "C" NOT NULL,
    decided TEXT COLLATE "C",
    recorded_at BIGINT NOT NULL,
    PRIMARY KEY (list, nr)
);

-- What guardians answered in a campaign, and what they had answered before.
CREATE TABLE consent (
    campaign BIGINT NOT NULL REFERENCES campaign (no),
    person TEXT COLLATE "C" NOT NULL,
    answer TEXT COLLATE "C" NOT NULL,
    day DATE NOT NULL,
    given_by TEXT COLLATE "C",
    reason TEXT COLLATE "C",
    recorded_at BIGINT NOT NULL,
    PRIMARY KEY (campaign, person)
);
CREATE INDEX consent_person ON consent (person);
CREATE TABLE consent_past (
    campaign BIGINT NOT NULL,
    person TEXT COLLATE "C" NOT NULL,
    answer TEXT COLLATE "C" NOT NULL,
    day DATE NOT NULL,
    given_by TEXT COLLATE "C",
    reason TEXT COLLATE "C",
    recorded_at BIGINT NOT NULL,
    superseded_at BIGINT NOT NULL
);
CREATE INDEX consent_past_order ON consent_past (campaign, person);

-- Who stands on a list that was printed for a visit.
CREATE TABLE printed (
    campaign BIGINT NOT NULL REFERENCES campaign (no),
    person TEXT COLLATE "C" NOT NULL,
    day DATE NOT NULL,
    school TEXT COLLATE "C" NOT NULL,
    class TEXT COLLATE "C" NOT NULL,
    printed_at BIGINT NOT NULL,
    PRIMARY KEY (campaign, person, day)
);
CREATE INDEX printed_person ON printed (person);
