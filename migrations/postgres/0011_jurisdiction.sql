-- Areas and places, which all campaigns share: every version that was ever applied, whole. A campaign's version holds
-- its own part since then.
CREATE TABLE jurisdiction_version (
    version BIGINT PRIMARY KEY,
    applied_at BIGINT NOT NULL,
    content TEXT COLLATE "C" NOT NULL
);

-- Areas whose part of the tree an account may see, a space between; empty: all.
ALTER TABLE account ADD COLUMN areas TEXT COLLATE "C" NOT NULL DEFAULT '';
