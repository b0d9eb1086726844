-- What came along when two codes became one person, by keys, so that it can go back. Older rows do not have it.
ALTER TABLE alias ADD COLUMN moved TEXT COLLATE "C";

-- Whoever goes through the register person by person asks what was known before of the doses of some people.
CREATE INDEX dose_past_person ON dose_past (person);

-- Whose code another was for a while, until that merger was taken back.
CREATE TABLE alias_past (
    alias TEXT COLLATE "C" NOT NULL,
    until_at BIGINT NOT NULL,
    person TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (alias, until_at)
);
CREATE INDEX alias_past_person ON alias_past (person);

-- Rows of these two had no key, so that nothing could say which of several equal ones came along. Numbers are never
-- given twice.
CREATE TABLE assignment_past_new (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    campaign BIGINT NOT NULL,
    person TEXT COLLATE "C" NOT NULL,
    dose BIGINT NOT NULL,
    day DATE NOT NULL,
    place TEXT COLLATE "C" NOT NULL,
    plan BIGINT NOT NULL,
    made_at BIGINT NOT NULL,
    ended_at BIGINT NOT NULL,
    why TEXT COLLATE "C" NOT NULL,
    slot BIGINT,
    answer TEXT COLLATE "C"
);
INSERT INTO assignment_past_new
    (campaign, person, dose, day, place, plan, made_at, ended_at, why, slot, answer)
    SELECT campaign, person, dose, day, place, plan, made_at, ended_at, why, slot, answer
    FROM assignment_past ORDER BY ended_at;
DROP TABLE assignment_past;
ALTER TABLE assignment_past_new RENAME TO assignment_past;
CREATE INDEX assignment_past_day ON assignment_past (campaign, day, place);
CREATE INDEX assignment_past_person ON assignment_past (campaign, person);

CREATE TABLE consent_past_new (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    campaign BIGINT NOT NULL,
    person TEXT COLLATE "C" NOT NULL,
    answer TEXT COLLATE "C" NOT NULL,
    day DATE NOT NULL,
    given_by TEXT COLLATE "C",
    reason TEXT COLLATE "C",
    recorded_at BIGINT NOT NULL,
    superseded_at BIGINT NOT NULL
);
INSERT INTO consent_past_new
    (campaign, person, answer, day, given_by, reason, recorded_at, superseded_at)
    SELECT campaign, person, answer, day, given_by, reason, recorded_at, superseded_at
    FROM consent_past ORDER BY superseded_at;
DROP TABLE consent_past;
ALTER TABLE consent_past_new RENAME TO consent_past;
CREATE INDEX consent_past_order ON consent_past (campaign, person);
