-- Why a mail server does not want us, in a word.
ALTER TABLE relay ADD COLUMN cause TEXT COLLATE "C";
-- What it refused last, one after the other: in which words, how many, and the last mail.
ALTER TABLE relay ADD COLUMN streak TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE relay ADD COLUMN streak_count BIGINT NOT NULL DEFAULT 0;
ALTER TABLE relay ADD COLUMN streak_mail BIGINT;

-- The edition of the rules by which bounces were judged.
ALTER TABLE installation ADD COLUMN judged BIGINT NOT NULL DEFAULT 0;
