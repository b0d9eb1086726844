-- SQLite has json_each of its own; PostgreSQL gets a function of that name.
SELECT 1;
