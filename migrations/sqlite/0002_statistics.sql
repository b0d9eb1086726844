-- SQLite takes every index for about as good as the next until it is told how large the tables may be. Without this
-- it looks up a person's doses by reading the whole campaign, since the primary key begins with the campaign too.
-- The figures are of one large campaign; they are fixed, so that the same statement always runs the same way.
ANALYZE;
DELETE FROM sqlite_stat1;
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('person', 'person', '1000000 1000000 1'),
    ('dose', 'dose', '2000000 2000000 1'),
    ('dose', 'dose_person', '2000000 2000000 2'),
    ('outcome', 'outcome', '100000 100000 1'),
    ('outcome', 'outcome_person', '100000 100000 2'),
    ('assignment', 'assignment', '1000000 1000000 1'),
    ('assignment', 'assignment_day', '1000000 1000000 5000 200'),
    ('total', 'total', '50000 50000 5000 1500 700 1'),
    ('cell', 'cell', '500000 500000 2500 80 30 15 1');
ANALYZE sqlite_schema;
