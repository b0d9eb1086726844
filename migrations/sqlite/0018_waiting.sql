-- People who wait for a seat: for which dose, since when, and the day of the seat that they were given at last.
CREATE TABLE waiting (
    campaign INTEGER NOT NULL REFERENCES campaign (no),
    person TEXT NOT NULL,
    dose INTEGER NOT NULL,
    since INTEGER NOT NULL,
    given_day TEXT,
    PRIMARY KEY (campaign, person)
) STRICT, WITHOUT ROWID;
CREATE INDEX waiting_person ON waiting (person);

-- Who asked to open the booking page with a code, by the hash of the form's own key; `person` and `code` once the
-- register was looked at, where it has somebody. `code` is a hash.
CREATE TABLE sign_in (
    hash TEXT PRIMARY KEY,
    person TEXT,
    code TEXT,
    made_at INTEGER NOT NULL,
    tries INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sign_in_person ON sign_in (person);

-- Whose document a number is: people may open the booking page with it.
CREATE INDEX person_id_no ON person (CASE WHEN json_valid(content) THEN json_extract(content, '$.more.id_no') END)
    WHERE CASE WHEN json_valid(content) THEN json_extract(content, '$.more.id_no') END IS NOT NULL;
