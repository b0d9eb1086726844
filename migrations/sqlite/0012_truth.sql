-- A reminder names its place, so that whoever is moved on the same day is told; and somebody may be told twice about
-- one day, when a move is taken back.
CREATE TABLE reminder_new (
    campaign INTEGER NOT NULL REFERENCES campaign (no),
    person TEXT NOT NULL,
    outbox INTEGER NOT NULL REFERENCES outbox (id),
    dose INTEGER NOT NULL,
    kind TEXT NOT NULL,
    day TEXT NOT NULL,
    place TEXT NOT NULL,
    PRIMARY KEY (campaign, person, outbox, dose, kind)
) STRICT, WITHOUT ROWID;
INSERT INTO reminder_new (campaign, person, outbox, dose, kind, day, place)
    SELECT r.campaign, r.person, r.outbox, r.dose, r.kind, r.day, COALESCE((SELECT a.place FROM assignment AS a
        WHERE a.campaign = r.campaign AND a.person = r.person AND a.dose = r.dose AND a.day = r.day
        AND r.kind = 'tomorrow'), '')
    FROM reminder AS r;
DROP TABLE reminder;
ALTER TABLE reminder_new RENAME TO reminder;
CREATE INDEX reminder_outbox ON reminder (outbox);
CREATE INDEX reminder_day ON reminder (campaign, kind, day);

-- What a lead was told of a day: the places and their doses. A day without sessions has one row without a place.
CREATE TABLE briefing (
    campaign INTEGER NOT NULL REFERENCES campaign (no),
    post TEXT NOT NULL,
    day TEXT NOT NULL,
    outbox INTEGER NOT NULL REFERENCES outbox (id),
    place TEXT NOT NULL,
    doses INTEGER NOT NULL,
    PRIMARY KEY (campaign, post, day, outbox, place)
) STRICT, WITHOUT ROWID;

-- Campaigns whose plan is to be repaired, because something became known that breaks it.
CREATE TABLE unrest (
    campaign INTEGER PRIMARY KEY REFERENCES campaign (no),
    since INTEGER NOT NULL,
    said TEXT NOT NULL
) STRICT, WITHOUT ROWID;
