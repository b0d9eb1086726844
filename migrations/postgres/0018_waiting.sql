-- People who wait for a seat: for which dose, since when, and the day of the seat that they were given at last.
CREATE TABLE waiting (
    campaign BIGINT NOT NULL REFERENCES campaign (no),
    person TEXT COLLATE "C" NOT NULL,
    dose BIGINT NOT NULL,
    since BIGINT NOT NULL,
    given_day DATE,
    PRIMARY KEY (campaign, person)
);
CREATE INDEX waiting_person ON waiting (person);

-- Who asked to open the booking page with a code, by the hash of the form's own key; `person` and `code` once the
-- register was looked at, where it has somebody. `code` is a hash.
CREATE TABLE sign_in (
    hash TEXT COLLATE "C" PRIMARY KEY,
    person TEXT COLLATE "C",
    code TEXT COLLATE "C",
    made_at BIGINT NOT NULL,
    tries BIGINT NOT NULL
);
CREATE INDEX sign_in_person ON sign_in (person);

-- Whose document a number is: people may open the booking page with it.
CREATE INDEX person_id_no
    ON person ((CASE WHEN content LIKE '{%' THEN CAST(content AS json) -> 'more' ->> 'id_no' END))
    WHERE CASE WHEN content LIKE '{%' THEN CAST(content AS json) -> 'more' ->> 'id_no' END IS NOT NULL;
