-- The published roster: who works where on which day. Nobody is at two places on one day.
CREATE TABLE duty (
    day DATE NOT NULL,
    staff TEXT COLLATE "C" NOT NULL,
    place TEXT COLLATE "C" NOT NULL,
    role TEXT COLLATE "C" NOT NULL,
    published_at BIGINT NOT NULL,
    PRIMARY KEY (day, staff)
);

-- Which duties a mail told somebody.
CREATE TABLE duty_told (
    outbox BIGINT PRIMARY KEY REFERENCES outbox (id),
    staff TEXT COLLATE "C" NOT NULL,
    duties TEXT COLLATE "C" NOT NULL
);
CREATE INDEX duty_told_staff ON duty_told (staff, outbox);
