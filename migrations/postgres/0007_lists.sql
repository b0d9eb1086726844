-- A JSON list as rows, by the name and with the column that SQLite has for it: the same SQL then takes a list as one
-- value on both databases.
CREATE FUNCTION json_each(list TEXT) RETURNS TABLE (value TEXT)
    LANGUAGE sql IMMUTABLE STRICT ROWS 1000
    AS $$ SELECT json_array_elements_text(CAST(list AS json)) $$;
