-- A large register takes longer than a statement may.
SET LOCAL statement_timeout = 0;

-- The register, its doses and its outcomes are the jurisdiction's. Until now every campaign had its own.
-- What contradicts, or was known twice, is kept in `apart`; nothing is thrown away.

-- Rows that could not become one with another row of the same code. `code` is the code that the row had; `now_code`
-- the one under which it stands now, where it stands. `content` is the row as JSON.
CREATE TABLE apart (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- 'person', 'dose', 'outcome', 'tally'.
    kind TEXT COLLATE "C" NOT NULL,
    campaign BIGINT NOT NULL,
    code TEXT COLLATE "C" NOT NULL,
    now_code TEXT COLLATE "C",
    content TEXT COLLATE "C" NOT NULL,
    recorded_at BIGINT NOT NULL,
    superseded_at BIGINT,
    -- 'open' until somebody decides: 'kept', 'taken', 'split'. 'same' and 'renamed' leave nothing to decide.
    state TEXT COLLATE "C" NOT NULL,
    decided_at BIGINT
);
CREATE INDEX apart_code ON apart (code);

-- Codes of people that were found to be somebody else's.
CREATE TABLE alias (
    alias TEXT COLLATE "C" PRIMARY KEY,
    person TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX alias_person ON alias (person);

-- People whose personal data were erased.
CREATE TABLE erased (
    person TEXT COLLATE "C" PRIMARY KEY,
    at BIGINT NOT NULL,
    why TEXT COLLATE "C" NOT NULL
);

-- Records that were taken out and stay out when the same file comes again.
CREATE TABLE voided (
    kind TEXT COLLATE "C" NOT NULL,
    record TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (kind, record)
);

-- Campaigns whose cells must be counted again before anything else, because what counts for them has changed.
CREATE TABLE unsettled (
    campaign BIGINT PRIMARY KEY
);
INSERT INTO unsettled (campaign)
    SELECT no FROM campaign WHERE (SELECT COUNT(*) FROM campaign) > 1;

ALTER TABLE campaign ADD COLUMN closed_at BIGINT;

-- People. The campaign whose row is the newest gives the row; those of other campaigns agree with it or not.
CREATE TABLE shared_person (
    person TEXT COLLATE "C" PRIMARY KEY,
    campaign BIGINT NOT NULL,
    area TEXT COLLATE "C",
    born DATE
);
INSERT INTO shared_person (person, campaign)
    SELECT person, campaign FROM (
        SELECT person, campaign, COUNT(*) OVER (PARTITION BY person) AS times,
            ROW_NUMBER() OVER (PARTITION BY person ORDER BY recorded_at DESC, campaign DESC) AS place
        FROM person
    ) AS numbered WHERE times > 1 AND place = 1;
UPDATE shared_person SET
    area = (SELECT p.area FROM person p
        WHERE p.campaign = shared_person.campaign AND p.person = shared_person.person),
    born = (SELECT p.born FROM person p
        WHERE p.campaign = shared_person.campaign AND p.person = shared_person.person);

-- For each row that is not the one that stays: whether it agrees.
CREATE TABLE other_person (
    campaign BIGINT NOT NULL,
    person TEXT COLLATE "C" NOT NULL,
    agrees BIGINT NOT NULL,
    PRIMARY KEY (campaign, person)
);
INSERT INTO other_person (campaign, person, agrees)
    SELECT p.campaign, p.person,
        CASE WHEN p.area = s.area AND p.born = s.born THEN 1 ELSE 0 END
    FROM shared_person s CROSS JOIN campaign c JOIN person p
        ON p.campaign = c.no AND p.person = s.person AND p.campaign <> s.campaign;

INSERT INTO apart (kind, campaign, code, now_code, content, recorded_at, superseded_at, state)
    SELECT 'person', p.campaign, p.person, p.person, p.content, p.recorded_at, NULL,
        CASE WHEN o.agrees = 1 THEN 'same' ELSE 'open' END
    FROM other_person o JOIN person p ON p.campaign = o.campaign AND p.person = o.person;
INSERT INTO apart (kind, campaign, code, now_code, content, recorded_at, superseded_at, state)
    SELECT 'person', p.campaign, p.person, p.person, p.content, p.recorded_at, p.superseded_at, 'same'
    FROM other_person o JOIN person_past p ON p.campaign = o.campaign AND p.person = o.person;

-- What was known before of people: rows that agree make one history, each until the next one.
CREATE TABLE person_past_new (
    person TEXT COLLATE "C" NOT NULL,
    area TEXT COLLATE "C" NOT NULL,
    born DATE NOT NULL,
    grp TEXT COLLATE "C",
    sex TEXT COLLATE "C" NOT NULL,
    tags TEXT COLLATE "C",
    died DATE,
    content TEXT COLLATE "C" NOT NULL,
    recorded_at BIGINT NOT NULL,
    superseded_at BIGINT NOT NULL,
    why TEXT COLLATE "C" NOT NULL
);
INSERT INTO person_past_new
    SELECT p.person, p.area, p.born, p.grp, COALESCE(CAST(p.content AS json) ->> 'sex', 'U'),
        (SELECT string_agg(value, ' ')
            FROM json_array_elements_text(CAST(p.content AS json) -> 'tags') AS t (value)), NULL, p.content,
        p.recorded_at, p.superseded_at, p.why
    FROM person_past p LEFT JOIN shared_person s ON s.person = p.person WHERE s.person IS NULL;
INSERT INTO person_past_new
    SELECT person, area, born, grp, COALESCE(CAST(content AS json) ->> 'sex', 'U'),
        (SELECT string_agg(value, ' ')
            FROM json_array_elements_text(CAST(content AS json) -> 'tags') AS t (value)), NULL, content,
        recorded_at, next_at, why
    FROM (
        SELECT *, LEAD(recorded_at) OVER
            (PARTITION BY person ORDER BY recorded_at, is_known, campaign) AS next_at
        FROM (
            SELECT p.campaign, p.person, p.area, p.born, p.grp, p.content, p.recorded_at,
                'joined' AS why, 1 AS is_known
            FROM shared_person s CROSS JOIN campaign c
                JOIN person p ON p.campaign = c.no AND p.person = s.person
                LEFT JOIN other_person o ON o.campaign = c.no AND o.person = s.person
            WHERE o.agrees IS NULL OR o.agrees = 1
            UNION ALL
            SELECT p.campaign, p.person, p.area, p.born, p.grp, p.content, p.recorded_at, p.why, 0
            FROM shared_person s CROSS JOIN campaign c
                JOIN person_past p ON p.campaign = c.no AND p.person = s.person
                LEFT JOIN other_person o ON o.campaign = c.no AND o.person = s.person
            WHERE o.agrees IS NULL OR o.agrees = 1
        ) AS versions
    ) AS followed WHERE next_at IS NOT NULL;
DROP TABLE person_past;
ALTER TABLE person_past_new RENAME TO person_past;
CREATE INDEX person_past_key ON person_past (person, recorded_at, superseded_at);

CREATE TABLE person_new (
    person TEXT COLLATE "C" PRIMARY KEY,
    area TEXT COLLATE "C" NOT NULL,
    born DATE NOT NULL,
    -- Codes of groups with a space between: the first one that a campaign has holds for it.
    grp TEXT COLLATE "C",
    -- Sex, tags and the day of death stand in `content` too; here counting finds them without reading that.
    sex TEXT COLLATE "C" NOT NULL,
    tags TEXT COLLATE "C",
    died DATE,
    content TEXT COLLATE "C" NOT NULL,
    recorded_at BIGINT NOT NULL
);
INSERT INTO person_new
    SELECT p.person, p.area, p.born, p.grp, COALESCE(CAST(p.content AS json) ->> 'sex', 'U'),
        (SELECT string_agg(value, ' ')
            FROM json_array_elements_text(CAST(p.content AS json) -> 'tags') AS t (value)), NULL, p.content,
        p.recorded_at
    FROM person p LEFT JOIN shared_person s ON s.person = p.person
    WHERE s.campaign IS NULL OR s.campaign = p.campaign
    ORDER BY p.person;
DROP TABLE person;
ALTER TABLE person_new RENAME TO person;
CREATE INDEX person_enrollee ON person (person, area, born, grp, sex, tags, died);
DROP TABLE shared_person;
DROP TABLE other_person;

-- Doses. Where two campaigns have a record of one code, the older one keeps it. The same dose of the same vaccine
-- becomes one; another dose gets a code of its own.
CREATE TABLE shared_record (
    record TEXT COLLATE "C" PRIMARY KEY,
    campaign BIGINT NOT NULL
);
INSERT INTO shared_record (record, campaign)
    SELECT record, campaign FROM (
        SELECT record, campaign, COUNT(*) OVER (PARTITION BY record) AS times,
            ROW_NUMBER() OVER (PARTITION BY record ORDER BY recorded_at, campaign) AS place
        FROM dose
    ) AS numbered WHERE times > 1 AND place = 1;
CREATE TABLE other_record (
    campaign BIGINT NOT NULL,
    record TEXT COLLATE "C" NOT NULL,
    agrees BIGINT NOT NULL,
    now_code TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (campaign, record)
);
CREATE TABLE series_of (
    campaign BIGINT PRIMARY KEY,
    series TEXT COLLATE "C" NOT NULL
);
INSERT INTO series_of (campaign, series)
    SELECT v.campaign, COALESCE(CAST(v.content AS json) -> 'series' ->> 'id', '') FROM campaign_version v
    WHERE v.version = (SELECT MAX(version) FROM campaign_version w WHERE w.campaign = v.campaign);
INSERT INTO other_record (campaign, record, agrees, now_code)
    SELECT d.campaign, d.record,
        CASE WHEN d.person = k.person AND d.day = k.day AND d.place = k.place
            AND COALESCE(d.product, x.series) = COALESCE(k.product, y.series) THEN 1 ELSE 0 END,
        d.record || '@' || c.id
    FROM shared_record s JOIN dose k ON k.campaign = s.campaign AND k.record = s.record
        CROSS JOIN campaign c JOIN dose d ON d.campaign = c.no AND d.record = s.record
        JOIN series_of x ON x.campaign = d.campaign JOIN series_of y ON y.campaign = k.campaign
    WHERE d.campaign <> s.campaign;
INSERT INTO apart (kind, campaign, code, now_code, content, recorded_at, superseded_at, state)
    SELECT 'dose', d.campaign, d.record, CASE WHEN o.agrees = 1 THEN d.record ELSE o.now_code END,
        CAST(json_build_object('record', d.record, 'person', d.person, 'day', d.day, 'place', d.place,
            'product', d.product, 'lot', d.lot) AS TEXT), d.recorded_at, NULL,
        CASE WHEN o.agrees = 1 THEN 'same' ELSE 'renamed' END
    FROM other_record o JOIN dose d ON d.campaign = o.campaign AND d.record = o.record;
INSERT INTO apart (kind, campaign, code, now_code, content, recorded_at, superseded_at, state)
    SELECT 'dose', d.campaign, d.record, d.record,
        CAST(json_build_object('record', d.record, 'person', d.person, 'day', d.day, 'place', d.place,
            'product', d.product, 'lot', d.lot) AS TEXT), d.recorded_at, d.superseded_at, 'same'
    FROM other_record o JOIN dose_past d ON d.campaign = o.campaign AND d.record = o.record
    WHERE o.agrees = 1;

CREATE TABLE dose_past_new (
    record TEXT COLLATE "C" NOT NULL,
    person TEXT COLLATE "C" NOT NULL,
    day DATE NOT NULL,
    place TEXT COLLATE "C" NOT NULL,
    product TEXT COLLATE "C",
    lot TEXT COLLATE "C",
    campaign BIGINT,
    elsewhere BIGINT NOT NULL,
    attribute TEXT COLLATE "C",
    entered_by TEXT COLLATE "C",
    entered_at TEXT COLLATE "C",
    recorded_at BIGINT NOT NULL,
    superseded_at BIGINT NOT NULL,
    why TEXT COLLATE "C" NOT NULL
);
INSERT INTO dose_past_new
    SELECT COALESCE(o.now_code, d.record), d.person, d.day, d.place, d.product, d.lot, d.campaign,
        0, NULL, NULL, NULL, d.recorded_at, d.superseded_at, d.why
    FROM dose_past d LEFT JOIN other_record o ON o.campaign = d.campaign AND o.record = d.record
    WHERE o.agrees IS NULL OR o.agrees = 0;
DROP TABLE dose_past;
ALTER TABLE dose_past_new RENAME TO dose_past;
CREATE INDEX dose_past_key ON dose_past (record, recorded_at, superseded_at);

CREATE TABLE dose_new (
    record TEXT COLLATE "C" PRIMARY KEY,
    person TEXT COLLATE "C" NOT NULL,
    day DATE NOT NULL,
    place TEXT COLLATE "C" NOT NULL,
    product TEXT COLLATE "C",
    lot TEXT COLLATE "C",
    -- Under which it was recorded: its vaccine where the product does not say, its stock, its sites' reports.
    campaign BIGINT REFERENCES campaign (no),
    -- Whether it was given outside the jurisdiction: no stock and no site of ours has to do with it.
    elsewhere BIGINT NOT NULL,
    attribute TEXT COLLATE "C",
    entered_by TEXT COLLATE "C",
    entered_at TEXT COLLATE "C",
    recorded_at BIGINT NOT NULL
);
INSERT INTO dose_new
    SELECT COALESCE(o.now_code, d.record), d.person, d.day, d.place, d.product, d.lot, d.campaign,
        0, NULL, NULL, NULL, d.recorded_at
    FROM dose d LEFT JOIN other_record o ON o.campaign = d.campaign AND o.record = d.record
    WHERE o.agrees IS NULL OR o.agrees = 0
    ORDER BY d.record;
DROP TABLE dose;
ALTER TABLE dose_new RENAME TO dose;
CREATE INDEX dose_person ON dose (person);
DELETE FROM shared_record;
DELETE FROM other_record;
DROP TABLE series_of;

-- Outcomes. A refusal is of one campaign, so that only deaths and moves can be the same in two.
INSERT INTO shared_record (record, campaign)
    SELECT record, campaign FROM (
        SELECT record, campaign, COUNT(*) OVER (PARTITION BY record) AS times,
            ROW_NUMBER() OVER (PARTITION BY record ORDER BY recorded_at, campaign) AS place
        FROM outcome
    ) AS numbered WHERE times > 1 AND place = 1;
INSERT INTO other_record (campaign, record, agrees, now_code)
    SELECT d.campaign, d.record,
        CASE WHEN d.person = k.person AND d.day = k.day AND d.outcome = k.outcome
            AND d.outcome IN ('moved', 'dead')
            AND d.until_day IS NOT DISTINCT FROM k.until_day THEN 1 ELSE 0 END,
        d.record || '@' || c.id
    FROM shared_record s JOIN outcome k ON k.campaign = s.campaign AND k.record = s.record
        CROSS JOIN campaign c JOIN outcome d ON d.campaign = c.no AND d.record = s.record
    WHERE d.campaign <> s.campaign;
INSERT INTO apart (kind, campaign, code, now_code, content, recorded_at, superseded_at, state)
    SELECT 'outcome', d.campaign, d.record,
        CASE WHEN o.agrees = 1 THEN d.record ELSE o.now_code END,
        CAST(json_build_object('record', d.record, 'person', d.person, 'day', d.day, 'outcome', d.outcome,
            'until', d.until_day) AS TEXT), d.recorded_at, NULL,
        CASE WHEN o.agrees = 1 THEN 'same' ELSE 'renamed' END
    FROM other_record o JOIN outcome d ON d.campaign = o.campaign AND d.record = o.record;
INSERT INTO apart (kind, campaign, code, now_code, content, recorded_at, superseded_at, state)
    SELECT 'outcome', d.campaign, d.record, d.record,
        CAST(json_build_object('record', d.record, 'person', d.person, 'day', d.day, 'outcome', d.outcome,
            'until', d.until_day) AS TEXT), d.recorded_at, d.superseded_at, 'same'
    FROM other_record o JOIN outcome_past d ON d.campaign = o.campaign AND d.record = o.record
    WHERE o.agrees = 1;

CREATE TABLE outcome_past_new (
    record TEXT COLLATE "C" NOT NULL,
    person TEXT COLLATE "C" NOT NULL,
    day DATE NOT NULL,
    outcome TEXT COLLATE "C" NOT NULL,
    until_day DATE,
    campaign BIGINT,
    vaccine TEXT COLLATE "C",
    recorded_at BIGINT NOT NULL,
    superseded_at BIGINT NOT NULL,
    why TEXT COLLATE "C" NOT NULL
);
INSERT INTO outcome_past_new
    SELECT COALESCE(o.now_code, d.record), d.person, d.day, d.outcome, d.until_day, d.campaign,
        NULL, d.recorded_at, d.superseded_at, d.why
    FROM outcome_past d LEFT JOIN other_record o ON o.campaign = d.campaign AND o.record = d.record
    WHERE o.agrees IS NULL OR o.agrees = 0;
DROP TABLE outcome_past;
ALTER TABLE outcome_past_new RENAME TO outcome_past;
CREATE INDEX outcome_past_key ON outcome_past (record);

CREATE TABLE outcome_new (
    record TEXT COLLATE "C" PRIMARY KEY,
    person TEXT COLLATE "C" NOT NULL,
    day DATE NOT NULL,
    outcome TEXT COLLATE "C" NOT NULL,
    until_day DATE,
    -- Under which it was recorded; what is not for good holds for it, or for `vaccine`.
    campaign BIGINT REFERENCES campaign (no),
    vaccine TEXT COLLATE "C",
    recorded_at BIGINT NOT NULL
);
INSERT INTO outcome_new
    SELECT COALESCE(o.now_code, d.record), d.person, d.day, d.outcome, d.until_day, d.campaign,
        NULL, d.recorded_at
    FROM outcome d LEFT JOIN other_record o ON o.campaign = d.campaign AND o.record = d.record
    WHERE o.agrees IS NULL OR o.agrees = 0
    ORDER BY d.record;
DROP TABLE outcome;
ALTER TABLE outcome_new RENAME TO outcome;
CREATE INDEX outcome_person ON outcome (person);
DELETE FROM shared_record;
DELETE FROM other_record;

-- Tallies stay with their campaigns; their codes become unique.
INSERT INTO shared_record (record, campaign)
    SELECT record, campaign FROM (
        SELECT record, campaign, COUNT(*) OVER (PARTITION BY record) AS times,
            ROW_NUMBER() OVER (PARTITION BY record ORDER BY recorded_at, campaign) AS place
        FROM tally
    ) AS numbered WHERE times > 1 AND place = 1;
INSERT INTO other_record (campaign, record, agrees, now_code)
    SELECT d.campaign, d.record, 0, d.record || '@' || c.id
    FROM shared_record s CROSS JOIN campaign c
        JOIN tally d ON d.campaign = c.no AND d.record = s.record
    WHERE d.campaign <> s.campaign;
INSERT INTO apart (kind, campaign, code, now_code, content, recorded_at, superseded_at, state)
    SELECT 'tally', d.campaign, d.record, o.now_code,
        CAST(json_build_object('record', d.record, 'day', d.day, 'place', d.place, 'area', d.area,
            'group', d.grp, 'dose', d.dose, 'doses', d.doses) AS TEXT), d.recorded_at, NULL, 'renamed'
    FROM other_record o JOIN tally d ON d.campaign = o.campaign AND d.record = o.record;

CREATE TABLE tally_past_new (
    record TEXT COLLATE "C" NOT NULL,
    day DATE NOT NULL,
    place TEXT COLLATE "C" NOT NULL,
    area TEXT COLLATE "C" NOT NULL,
    grp TEXT COLLATE "C" NOT NULL,
    dose BIGINT NOT NULL,
    doses BIGINT NOT NULL,
    campaign BIGINT NOT NULL,
    recorded_at BIGINT NOT NULL,
    superseded_at BIGINT NOT NULL,
    why TEXT COLLATE "C" NOT NULL
);
INSERT INTO tally_past_new
    SELECT COALESCE(o.now_code, d.record), d.day, d.place, d.area, d.grp, d.dose, d.doses, d.campaign,
        d.recorded_at, d.superseded_at, d.why
    FROM tally_past d LEFT JOIN other_record o ON o.campaign = d.campaign AND o.record = d.record;
DROP TABLE tally_past;
ALTER TABLE tally_past_new RENAME TO tally_past;
CREATE INDEX tally_past_key ON tally_past (record, recorded_at, superseded_at);

CREATE TABLE tally_new (
    record TEXT COLLATE "C" PRIMARY KEY,
    day DATE NOT NULL,
    place TEXT COLLATE "C" NOT NULL,
    area TEXT COLLATE "C" NOT NULL,
    grp TEXT COLLATE "C" NOT NULL,
    dose BIGINT NOT NULL,
    doses BIGINT NOT NULL,
    campaign BIGINT NOT NULL REFERENCES campaign (no),
    recorded_at BIGINT NOT NULL
);
INSERT INTO tally_new
    SELECT COALESCE(o.now_code, d.record), d.day, d.place, d.area, d.grp, d.dose, d.doses, d.campaign,
        d.recorded_at
    FROM tally d LEFT JOIN other_record o ON o.campaign = d.campaign AND o.record = d.record
    ORDER BY d.record;
DROP TABLE tally;
ALTER TABLE tally_new RENAME TO tally;
CREATE INDEX tally_day ON tally (campaign, day, place);
DROP TABLE shared_record;
DROP TABLE other_record;

-- Readers who want no more reminders, of whatever campaign.
CREATE TABLE unsubscribed_new (
    address TEXT COLLATE "C" PRIMARY KEY,
    at BIGINT NOT NULL,
    how TEXT COLLATE "C" NOT NULL
);
INSERT INTO unsubscribed_new (address, at, how)
    SELECT address, at, how FROM (
        SELECT *, ROW_NUMBER() OVER (PARTITION BY address ORDER BY at, campaign) AS place
        FROM unsubscribed
    ) AS numbered WHERE place = 1;
DROP TABLE unsubscribed;
ALTER TABLE unsubscribed_new RENAME TO unsubscribed;

-- Imported files have a name, may be of no campaign, and can be taken back.
CREATE TABLE imported_new (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    campaign BIGINT REFERENCES campaign (no),
    kind TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL,
    new BIGINT NOT NULL,
    same BIGINT NOT NULL,
    corrected BIGINT NOT NULL,
    refused BIGINT NOT NULL,
    who TEXT COLLATE "C",
    address TEXT COLLATE "C",
    name TEXT COLLATE "C",
    -- Where the refused rows were written.
    errors TEXT COLLATE "C",
    undone_at BIGINT
);
INSERT INTO imported_new OVERRIDING SYSTEM VALUE
    SELECT id, campaign, kind, at, new, same, corrected, refused, who, address, NULL, NULL,
        NULL FROM imported;
DROP TABLE imported;
ALTER TABLE imported_new RENAME TO imported;
SELECT setval(pg_get_serial_sequence('imported', 'id'), COALESCE(MAX(id), 1), MAX(id) IS NOT NULL)
    FROM imported;
CREATE UNIQUE INDEX imported_entry ON imported (campaign, kind, at) WHERE who IS NOT NULL;
CREATE INDEX imported_at ON imported (kind, at);

INSERT INTO voided (kind, record)
    SELECT DISTINCT 'doses', p.record FROM dose_past p WHERE p.why LIKE 'void: %'
        AND NOT EXISTS (SELECT 1 FROM dose d WHERE d.record = p.record);
INSERT INTO voided (kind, record)
    SELECT DISTINCT 'outcomes', p.record FROM outcome_past p WHERE p.why LIKE 'void: %'
        AND NOT EXISTS (SELECT 1 FROM outcome d WHERE d.record = p.record);
INSERT INTO voided (kind, record)
    SELECT DISTINCT 'tallies', p.record FROM tally_past p WHERE p.why LIKE 'void: %'
        AND NOT EXISTS (SELECT 1 FROM tally d WHERE d.record = p.record);
