-- Signing in with a sign-in service (OpenID Connect).
-- An identity and the account that it logs in to: the service, the claim of its tokens that names it, what that says.
CREATE TABLE identity (
    account INTEGER PRIMARY KEY REFERENCES account (id),
    issuer TEXT NOT NULL,
    claim TEXT NOT NULL,
    subject TEXT NOT NULL,
    bound_at INTEGER NOT NULL,
    UNIQUE (issuer, claim, subject)
) STRICT, WITHOUT ROWID;

-- Logins that were begun: SHA-256 of the state that the service returns, and of what the browser holds. A row goes with
-- the first answer, or after ten minutes.
CREATE TABLE oidc_begun (
    state TEXT PRIMARY KEY,
    browser TEXT NOT NULL,
    next TEXT NOT NULL,
    made_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX oidc_begun_made ON oidc_begun (made_at);

-- 1: the login came from the sign-in service, whose second factor counts.
ALTER TABLE login ADD COLUMN provider INTEGER NOT NULL DEFAULT 0;

-- Sessions of the plan in force that an office has locked: new plans leave them as they are.
CREATE TABLE plan_lock (
    campaign INTEGER NOT NULL REFERENCES campaign (no),
    place TEXT NOT NULL,
    day TEXT NOT NULL,
    doses INTEGER NOT NULL,
    reason TEXT NOT NULL,
    who TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (campaign, place, day)
) STRICT, WITHOUT ROWID;
