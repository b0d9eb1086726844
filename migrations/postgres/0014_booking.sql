-- An appointment may have a slot: the minute of the day with which it begins. `area` and `grp` say whose seats of the
-- plan it takes, where that is known; `answer` what the person said to it: confirmed, booked.
ALTER TABLE assignment ADD COLUMN slot BIGINT;
ALTER TABLE assignment ADD COLUMN area TEXT COLLATE "C";
ALTER TABLE assignment ADD COLUMN grp TEXT COLLATE "C";
ALTER TABLE assignment ADD COLUMN answer TEXT COLLATE "C";
ALTER TABLE assignment_past ADD COLUMN slot BIGINT;
ALTER TABLE assignment_past ADD COLUMN answer TEXT COLLATE "C";

-- Whoever gives or takes seats of a campaign locks its row here, so that no two decide at the same time.
CREATE TABLE seat_lock (
    campaign BIGINT PRIMARY KEY REFERENCES campaign (no),
    turn BIGINT NOT NULL
);

-- Links that open the booking page, by the hash of their token, until the day of the appointment is over.
CREATE TABLE booking_link (
    hash TEXT COLLATE "C" PRIMARY KEY,
    campaign BIGINT NOT NULL REFERENCES campaign (no),
    person TEXT COLLATE "C" NOT NULL,
    dose BIGINT NOT NULL,
    until_day DATE NOT NULL,
    made_at BIGINT NOT NULL
);
CREATE INDEX booking_link_person ON booking_link (person);

-- Whom a booking page shows together: people of one household.
CREATE INDEX person_household ON person ((CASE WHEN content LIKE '{%' THEN CAST(content AS json) ->> 'household' END));

-- Who asks to be put into the register. Once a clerk has decided, nothing personal is left here.
CREATE TABLE register_request (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name TEXT COLLATE "C" NOT NULL,
    born DATE NOT NULL,
    area TEXT COLLATE "C" NOT NULL,
    phone TEXT COLLATE "C" NOT NULL,
    made_at BIGINT NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    person TEXT COLLATE "C",
    decided_at BIGINT
);
CREATE INDEX register_request_state ON register_request (state, made_at);
