-- Every table of what was known before says why it changed. Until now people could only be corrected.
ALTER TABLE person_past ADD COLUMN why TEXT NOT NULL DEFAULT 'corrected';

-- What counting needs of people, without names and contacts: an import of doses looks up everybody in it, and this
-- index is a quarter of the table. The figures are those of 0002.
CREATE INDEX person_enrollee ON person (campaign, person, area, born, grp);
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ('person', 'person_enrollee', '1000000 1000000 1 1 1 1');
ANALYZE sqlite_schema;
