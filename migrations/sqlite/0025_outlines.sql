-- The outline of an area for maps, as light as it was stored: the coordinates of a MultiPolygon, each ring once around.
CREATE TABLE outline (
    area TEXT NOT NULL,
    shape TEXT NOT NULL,
    stored_at INTEGER NOT NULL,
    PRIMARY KEY (area)
) STRICT, WITHOUT ROWID;
