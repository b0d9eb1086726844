-- The outline of an area for maps, as light as it was stored: the coordinates of a MultiPolygon, each ring once around.
CREATE TABLE outline (
    area TEXT COLLATE "C" NOT NULL,
    shape TEXT COLLATE "C" NOT NULL,
    stored_at BIGINT NOT NULL,
    PRIMARY KEY (area)
);
