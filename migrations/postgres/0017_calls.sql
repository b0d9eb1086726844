-- Calls that somebody made from the call list: what came of each. `made` is what it changed beside: the record of an
-- outcome, or 'confirmed' for an appointment. A form that is sent twice is one call, by `once`.
CREATE TABLE phone_call (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    campaign BIGINT NOT NULL REFERENCES campaign (no),
    person TEXT COLLATE "C" NOT NULL,
    day DATE NOT NULL,
    at BIGINT NOT NULL,
    result TEXT COLLATE "C" NOT NULL,
    who TEXT COLLATE "C" NOT NULL,
    once TEXT COLLATE "C" NOT NULL UNIQUE,
    made TEXT COLLATE "C",
    undone_at BIGINT
);
CREATE INDEX phone_call_day ON phone_call (campaign, day);
CREATE INDEX phone_call_person ON phone_call (person);
