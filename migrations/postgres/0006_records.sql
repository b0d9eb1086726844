-- Every table of what was known before says why it changed. Until now people could only be corrected.
ALTER TABLE person_past ADD COLUMN why TEXT COLLATE "C" NOT NULL DEFAULT 'corrected';
