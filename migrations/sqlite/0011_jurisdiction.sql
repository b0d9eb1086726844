-- Areas and places, which all campaigns share: every version that was ever applied, whole. A campaign's version holds
-- its own part since then.
CREATE TABLE jurisdiction_version (
    version INTEGER PRIMARY KEY,
    applied_at INTEGER NOT NULL,
    content TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Areas whose part of the tree an account may see, a space between; empty: all.
ALTER TABLE account ADD COLUMN areas TEXT NOT NULL DEFAULT '';
