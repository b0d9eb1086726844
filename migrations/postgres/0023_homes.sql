-- Adopted rounds of teams to people who are visited at home. A team makes one round a day. Times are minutes of the day.
CREATE TABLE home_round (
    day DATE NOT NULL,
    team TEXT COLLATE "C" NOT NULL,
    campaign BIGINT NOT NULL REFERENCES campaign (no),
    leaves BIGINT NOT NULL,
    back BIGINT NOT NULL,
    metres BIGINT NOT NULL,
    vials BIGINT NOT NULL,
    wasted BIGINT NOT NULL,
    adopted_at BIGINT NOT NULL,
    PRIMARY KEY (day, team)
);
CREATE INDEX home_round_campaign ON home_round (campaign, day);

-- The calls of a round, in order, with the number of the dose.
CREATE TABLE home_call (
    day DATE NOT NULL,
    team TEXT COLLATE "C" NOT NULL,
    nr BIGINT NOT NULL,
    person TEXT COLLATE "C" NOT NULL,
    dose BIGINT NOT NULL,
    arrives BIGINT NOT NULL,
    PRIMARY KEY (day, team, nr)
);
CREATE INDEX home_call_person ON home_call (person);
