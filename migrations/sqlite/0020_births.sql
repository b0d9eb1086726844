-- Children born in an area (a township or county) in a year, by another source than the register: what reported
-- coverage is held against (D值).
CREATE TABLE births (
    area TEXT NOT NULL,
    year INTEGER NOT NULL,
    children INTEGER NOT NULL,
    source TEXT NOT NULL,
    recorded_at INTEGER NOT NULL,
    PRIMARY KEY (area, year)
) STRICT, WITHOUT ROWID;
