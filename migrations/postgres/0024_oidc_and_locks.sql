-- Signing in with a sign-in service (OpenID Connect).
-- An identity and the account that it logs in to: the service, the claim of its tokens that names it, what that says.
CREATE TABLE identity (
    account BIGINT PRIMARY KEY REFERENCES account (id),
    issuer TEXT COLLATE "C" NOT NULL,
    claim TEXT COLLATE "C" NOT NULL,
    subject TEXT COLLATE "C" NOT NULL,
    bound_at BIGINT NOT NULL,
    UNIQUE (issuer, claim, subject)
);

-- Logins that were begun: SHA-256 of the state that the service returns, and of what the browser holds. A row goes with
-- the first answer, or after ten minutes.
CREATE TABLE oidc_begun (
    state TEXT COLLATE "C" PRIMARY KEY,
    browser TEXT COLLATE "C" NOT NULL,
    next TEXT COLLATE "C" NOT NULL,
    made_at BIGINT NOT NULL
);
CREATE INDEX oidc_begun_made ON oidc_begun (made_at);

-- 1: the login came from the sign-in service, whose second factor counts.
ALTER TABLE login ADD COLUMN provider BIGINT NOT NULL DEFAULT 0;

-- Sessions of the plan in force that an office has locked: new plans leave them as they are.
CREATE TABLE plan_lock (
    campaign BIGINT NOT NULL REFERENCES campaign (no),
    place TEXT COLLATE "C" NOT NULL,
    day DATE NOT NULL,
    doses BIGINT NOT NULL,
    reason TEXT COLLATE "C" NOT NULL,
    who TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (campaign, place, day)
);
