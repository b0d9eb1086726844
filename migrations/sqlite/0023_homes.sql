-- Adopted rounds of teams to people who are visited at home. A team makes one round a day. Times are minutes of the day.
CREATE TABLE home_round (
    day TEXT NOT NULL,
    team TEXT NOT NULL,
    campaign INTEGER NOT NULL REFERENCES campaign (no),
    leaves INTEGER NOT NULL,
    back INTEGER NOT NULL,
    metres INTEGER NOT NULL,
    vials INTEGER NOT NULL,
    wasted INTEGER NOT NULL,
    adopted_at INTEGER NOT NULL,
    PRIMARY KEY (day, team)
) STRICT, WITHOUT ROWID;
CREATE INDEX home_round_campaign ON home_round (campaign, day);

-- The calls of a round, in order, with the number of the dose.
CREATE TABLE home_call (
    day TEXT NOT NULL,
    team TEXT NOT NULL,
    nr INTEGER NOT NULL,
    person TEXT NOT NULL,
    dose INTEGER NOT NULL,
    arrives INTEGER NOT NULL,
    PRIMARY KEY (day, team, nr)
) STRICT, WITHOUT ROWID;
CREATE INDEX home_call_person ON home_call (person);
