-- A second factor (TOTP, RFC 6238) for accounts, and from where each login came.
-- 1: the account must have a second factor.
ALTER TABLE account ADD COLUMN second_required INTEGER NOT NULL DEFAULT 0;

-- `browser` in a few words. `passed` is 1 where the login came with the second factor.
ALTER TABLE login ADD COLUMN address TEXT;
ALTER TABLE login ADD COLUMN browser TEXT;
ALTER TABLE login ADD COLUMN passed INTEGER NOT NULL DEFAULT 0;

-- `secret` is sealed with a key that is not in the database. Until it is confirmed with a code, it belongs to the login
-- that sets it up. `last_step` is the 30 seconds of the last code that was taken: none is taken twice.
CREATE TABLE second_factor (
    account INTEGER PRIMARY KEY REFERENCES account (id),
    secret TEXT NOT NULL,
    made_at INTEGER NOT NULL,
    login TEXT,
    confirmed_at INTEGER,
    last_step INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Codes for whoever has lost the second factor, each good for once: SHA-256 of them.
CREATE TABLE recovery_code (
    account INTEGER NOT NULL REFERENCES account (id),
    code TEXT NOT NULL,
    PRIMARY KEY (account, code)
) STRICT, WITHOUT ROWID;

-- Who gave the right password and has still to give a code: SHA-256 of what the form holds.
CREATE TABLE half_login (
    token TEXT PRIMARY KEY,
    account INTEGER NOT NULL REFERENCES account (id),
    made_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX half_login_account ON half_login (account);
