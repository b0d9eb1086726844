-- Calls that somebody made from the call list: what came of each. `made` is what it changed beside: the record of an
-- outcome, or 'confirmed' for an appointment. A form that is sent twice is one call, by `once`.
CREATE TABLE phone_call (
    id INTEGER PRIMARY KEY,
    campaign INTEGER NOT NULL REFERENCES campaign (no),
    person TEXT NOT NULL,
    day TEXT NOT NULL,
    at INTEGER NOT NULL,
    result TEXT NOT NULL,
    who TEXT NOT NULL,
    once TEXT NOT NULL UNIQUE,
    made TEXT,
    undone_at INTEGER
) STRICT;
CREATE INDEX phone_call_day ON phone_call (campaign, day);
CREATE INDEX phone_call_person ON phone_call (person);
