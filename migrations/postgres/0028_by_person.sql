-- Doses are kept in the order of persons on SQLite. A table of PostgreSQL has no order, and its index by person stays.
SELECT 1;
