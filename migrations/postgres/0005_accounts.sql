-- Who may open the dashboard. `places` of a site lead: codes of sites and teams, a space between.
CREATE TABLE account (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name TEXT COLLATE "C" NOT NULL UNIQUE,
    role TEXT COLLATE "C" NOT NULL,
    places TEXT COLLATE "C" NOT NULL,
    -- argon2id, with its salt and parameters.
    password TEXT COLLATE "C" NOT NULL,
    made_at BIGINT NOT NULL
);

-- Who is logged in: SHA-256 of what the browser holds.
CREATE TABLE login (
    token TEXT COLLATE "C" PRIMARY KEY,
    account BIGINT NOT NULL REFERENCES account (id),
    made_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL
);
CREATE INDEX login_account ON login (account);

-- What programs log in with: SHA-256 of it, and what it is good for, words with a space between.
CREATE TABLE api_token (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account BIGINT NOT NULL REFERENCES account (id),
    name TEXT COLLATE "C" NOT NULL,
    token TEXT COLLATE "C" NOT NULL UNIQUE,
    scopes TEXT COLLATE "C" NOT NULL,
    made_at BIGINT NOT NULL,
    used_at BIGINT
);

-- Calendars whose secret address was made anew, and how often.
CREATE TABLE feed (
    campaign BIGINT NOT NULL REFERENCES campaign (no),
    place TEXT COLLATE "C" NOT NULL,
    generation BIGINT NOT NULL,
    PRIMARY KEY (campaign, place)
);

-- Workbooks that were uploaded and wait to be taken. The name is only shown, never a file's.
CREATE TABLE upload (
    id TEXT COLLATE "C" PRIMARY KEY,
    account BIGINT NOT NULL REFERENCES account (id),
    made_at BIGINT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    content BYTEA NOT NULL
);

-- Who did what, and who saw personal data.
CREATE TABLE audit (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at BIGINT NOT NULL,
    who TEXT COLLATE "C" NOT NULL,
    did TEXT COLLATE "C" NOT NULL,
    campaign TEXT COLLATE "C",
    said TEXT COLLATE "C" NOT NULL
);
CREATE INDEX audit_at ON audit (at);
