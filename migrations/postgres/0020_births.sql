-- Children born in an area (a township or county) in a year, by another source than the register: what reported
-- coverage is held against (D值).
CREATE TABLE births (
    area TEXT COLLATE "C" NOT NULL,
    year BIGINT NOT NULL,
    children BIGINT NOT NULL,
    source TEXT COLLATE "C" NOT NULL,
    recorded_at BIGINT NOT NULL,
    PRIMARY KEY (area, year)
);

-- Whoever goes through the register person by person reads all of a dose here: otherwise the doses of a piece of it lie
-- on pages all over the table. An entry of an index has a longest length; the few doses with longer texts are found by
-- the second index, in the table.
CREATE INDEX dose_walk ON dose (person)
    INCLUDE (record, day, place, product, campaign, attribute, entered_by, entered_at, recorded_at)
    WHERE COALESCE(octet_length(product), 0) + COALESCE(octet_length(entered_by), 0)
        + COALESCE(octet_length(entered_at), 0) <= 1000;
CREATE INDEX dose_walk_long ON dose (person)
    WHERE COALESCE(octet_length(product), 0) + COALESCE(octet_length(entered_by), 0)
        + COALESCE(octet_length(entered_at), 0) > 1000;
