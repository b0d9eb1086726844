-- Whose number a way leads to: own, guardian, head of the household. NULL for mail, and for ways of older versions.
ALTER TABLE way ADD COLUMN whose TEXT COLLATE "C";

-- The minute of the day that somebody was told for an appointment. NULL where none was said, and in what older versions
-- wrote.
ALTER TABLE reminder ADD COLUMN slot BIGINT;
