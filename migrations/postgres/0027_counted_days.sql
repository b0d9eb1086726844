-- How often the cells of a day have changed: what was read of a day is true as long as this stays.
CREATE TABLE counted_day (
    campaign BIGINT NOT NULL REFERENCES campaign (no),
    day DATE NOT NULL,
    changes BIGINT NOT NULL,
    PRIMARY KEY (campaign, day)
);

-- When the reports of a day came is asked by pages and mails: without this, all doses are read for it.
CREATE INDEX dose_day ON dose (campaign, day) WHERE elsewhere = 0;

-- Whether a digest is still true is asked before each is sent.
CREATE INDEX briefing_outbox ON briefing (outbox);
