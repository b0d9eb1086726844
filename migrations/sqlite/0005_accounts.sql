-- Who may open the dashboard. `places` of a site lead: codes of sites and teams, a space between.
CREATE TABLE account (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    role TEXT NOT NULL,
    places TEXT NOT NULL,
    -- argon2id, with its salt and parameters.
    password TEXT NOT NULL,
    made_at INTEGER NOT NULL
) STRICT;

-- Who is logged in: SHA-256 of what the browser holds.
CREATE TABLE login (
    token TEXT PRIMARY KEY,
    account INTEGER NOT NULL REFERENCES account (id),
    made_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX login_account ON login (account);

-- What programs log in with: SHA-256 of it, and what it is good for, words with a space between.
CREATE TABLE api_token (
    id INTEGER PRIMARY KEY,
    account INTEGER NOT NULL REFERENCES account (id),
    name TEXT NOT NULL,
    token TEXT NOT NULL UNIQUE,
    scopes TEXT NOT NULL,
    made_at INTEGER NOT NULL,
    used_at INTEGER
) STRICT;

-- Calendars whose secret address was made anew, and how often.
CREATE TABLE feed (
    campaign INTEGER NOT NULL REFERENCES campaign (no),
    place TEXT NOT NULL,
    generation INTEGER NOT NULL,
    PRIMARY KEY (campaign, place)
) STRICT, WITHOUT ROWID;

-- Workbooks that were uploaded and wait to be taken. The name is only shown, never a file's.
CREATE TABLE upload (
    id TEXT PRIMARY KEY,
    account INTEGER NOT NULL REFERENCES account (id),
    made_at INTEGER NOT NULL,
    name TEXT NOT NULL,
    content BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Who did what, and who saw personal data.
CREATE TABLE audit (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    who TEXT NOT NULL,
    did TEXT NOT NULL,
    campaign TEXT,
    said TEXT NOT NULL
) STRICT;
CREATE INDEX audit_at ON audit (at);
