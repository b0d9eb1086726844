-- An appointment may have a slot: the minute of the day with which it begins. `area` and `grp` say whose seats of the
-- plan it takes, where that is known; `answer` what the person said to it: confirmed, booked.
ALTER TABLE assignment ADD COLUMN slot INTEGER;
ALTER TABLE assignment ADD COLUMN area TEXT;
ALTER TABLE assignment ADD COLUMN grp TEXT;
ALTER TABLE assignment ADD COLUMN answer TEXT;
ALTER TABLE assignment_past ADD COLUMN slot INTEGER;
ALTER TABLE assignment_past ADD COLUMN answer TEXT;

-- Whoever gives or takes seats of a campaign locks its row here, so that no two decide at the same time.
CREATE TABLE seat_lock (
    campaign INTEGER PRIMARY KEY REFERENCES campaign (no),
    turn INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Links that open the booking page, by the hash of their token, until the day of the appointment is over.
CREATE TABLE booking_link (
    hash TEXT PRIMARY KEY,
    campaign INTEGER NOT NULL REFERENCES campaign (no),
    person TEXT NOT NULL,
    dose INTEGER NOT NULL,
    until_day TEXT NOT NULL,
    made_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX booking_link_person ON booking_link (person);

-- Whom a booking page shows together: people of one household.
CREATE INDEX person_household
    ON person (CASE WHEN json_valid(content) THEN json_extract(content, '$.household') END);

-- Who asks to be put into the register. Once a clerk has decided, nothing personal is left here.
CREATE TABLE register_request (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    born TEXT NOT NULL,
    area TEXT NOT NULL,
    phone TEXT NOT NULL,
    made_at INTEGER NOT NULL,
    state TEXT NOT NULL,
    person TEXT,
    decided_at INTEGER
) STRICT;
CREATE INDEX register_request_state ON register_request (state, made_at);
