-- PostgreSQL gathers its statistics itself; the number keeps the two databases in step.
SELECT 1;
