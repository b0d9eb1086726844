-- The published roster: who works where on which day. Nobody is at two places on one day.
CREATE TABLE duty (
    day TEXT NOT NULL,
    staff TEXT NOT NULL,
    place TEXT NOT NULL,
    role TEXT NOT NULL,
    published_at INTEGER NOT NULL,
    PRIMARY KEY (day, staff)
) STRICT, WITHOUT ROWID;

-- Which duties a mail told somebody.
CREATE TABLE duty_told (
    outbox INTEGER PRIMARY KEY REFERENCES outbox (id),
    staff TEXT NOT NULL,
    duties TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX duty_told_staff ON duty_told (staff, outbox);
