-- A second factor (TOTP, RFC 6238) for accounts, and from where each login came.
-- 1: the account must have a second factor.
ALTER TABLE account ADD COLUMN second_required BIGINT NOT NULL DEFAULT 0;

-- `browser` in a few words. `passed` is 1 where the login came with the second factor.
ALTER TABLE login ADD COLUMN address TEXT COLLATE "C";
ALTER TABLE login ADD COLUMN browser TEXT COLLATE "C";
ALTER TABLE login ADD COLUMN passed BIGINT NOT NULL DEFAULT 0;

-- `secret` is sealed with a key that is not in the database. Until it is confirmed with a code, it belongs to the login
-- that sets it up. `last_step` is the 30 seconds of the last code that was taken: none is taken twice.
CREATE TABLE second_factor (
    account BIGINT PRIMARY KEY REFERENCES account (id),
    secret TEXT COLLATE "C" NOT NULL,
    made_at BIGINT NOT NULL,
    login TEXT COLLATE "C",
    confirmed_at BIGINT,
    last_step BIGINT NOT NULL
);

-- Codes for whoever has lost the second factor, each good for once: SHA-256 of them.
CREATE TABLE recovery_code (
    account BIGINT NOT NULL REFERENCES account (id),
    code TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (account, code)
);

-- Who gave the right password and has still to give a code: SHA-256 of what the form holds.
CREATE TABLE half_login (
    token TEXT COLLATE "C" PRIMARY KEY,
    account BIGINT NOT NULL REFERENCES account (id),
    made_at BIGINT NOT NULL
);
CREATE INDEX half_login_account ON half_login (account);
