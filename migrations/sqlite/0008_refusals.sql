-- Why a mail server does not want us, in a word.
ALTER TABLE relay ADD COLUMN cause TEXT;
-- What it refused last, one after the other: in which words, how many, and the last mail.
ALTER TABLE relay ADD COLUMN streak TEXT NOT NULL DEFAULT '';
ALTER TABLE relay ADD COLUMN streak_count INTEGER NOT NULL DEFAULT 0;
ALTER TABLE relay ADD COLUMN streak_mail INTEGER;

-- The edition of the rules by which bounces were judged.
ALTER TABLE installation ADD COLUMN judged INTEGER NOT NULL DEFAULT 0;
