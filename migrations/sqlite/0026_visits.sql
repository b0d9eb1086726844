-- A dose that a catch-up campaign does not ask for is no visit of it: what such campaigns count is counted again.
INSERT INTO unsettled (campaign)
    SELECT DISTINCT campaign FROM campaign_version WHERE content LIKE '%"catch_up":{%'
    ON CONFLICT (campaign) DO NOTHING;
