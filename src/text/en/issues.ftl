### What can be wrong with a file: what, the limit, what to do.

issue-column = column { $column }
issue-hint = { $nearest ->
    [none] {""}
   *[other] , did you mean “{ $nearest }”
}

# files
issue-path_missing = no such file or folder; check the path
issue-not_a_campaign = neither a folder nor an .xlsx workbook; a campaign is a folder with campaign.toml, or one .xlsx workbook
issue-unreadable = cannot be read ({ $reason }); check its permissions and that no other program holds it
issue-file_too_large = larger than { $limit }; check that it is the right file
issue-missing_file = the required file { $file } is missing; add it
issue-misnamed_file = nothing of this name is read; if it is meant, call it “{ $nearest }”
issue-empty_file = there is no header; the first row is: { $columns }
issue-utf16 = the file is UTF-16; in Excel save it as “CSV UTF-8 (comma delimited)”
issue-bad_encoding = the text is neither UTF-8 nor GB18030; save it as “CSV UTF-8 (comma delimited)”
issue-binary_file = holds NUL bytes and is no text; if it is a workbook, its name ends in .xlsx
issue-old_workbook = is a workbook of an old form or with a password; save it as .xlsx without a password
issue-bad_workbook = the workbook cannot be opened ({ $reason }); open it in Excel or WPS and save it as .xlsx again
issue-workbook_too_large = the workbook unpacks to more than { $limit } and stays closed; remove pictures and sheets that are not needed
issue-missing_sheet = the workbook has no sheet “{ $stem }”; add it
issue-duplicate_sheet = several sheets are called “{ $value }”; keep one
issue-bad_toml = is not TOML ({ $reason }); text stands in double quotes, such as name = "Danyang"
issue-file_changed = the file changed or was cut while it was read; import it again when it is complete
issue-too_many_rows = more than { $limit } rows; split the file
issue-too_many_issues = this file has more than { $limit } issues, the others are not shown; correct these first
issue-row_too_long = one row is longer than { $limit } bytes; a double quote is probably not closed
# columns and keys
issue-unknown_column = there is no column “{ $value }”{ issue-hint }; columns: { $known }
issue-duplicate_column = the column stands there twice; keep one
issue-missing_column = the column is missing; the header is: { $columns }
issue-too_many_cells = “{ $value }” stands under no column name (the header has { $limit } cells); look for a comma too many
issue-unknown_key = there is no key “{ $value }”{ issue-hint }; keys: { $known }
issue-duplicate_setting = the key stands there twice, or against another key; keep one
issue-not_a_value = a single value is expected here, no table and no list
issue-not_a_table = a table is expected here, such as [{ $column }] or [[{ $column }]]
# values
issue-missing_value = must not be empty; fill it in
issue-text_too_long = the text is longer than { $limit } characters; shorten it
issue-control_character = “{ $value }” holds a line break or an invisible character; delete it and type the text again
issue-cell_error = “{ $value }” is what a failed formula shows; correct the formula or type the value
issue-not_a_number = “{ $value }” is not a number; give one from { $min } to { $max }, such as 120
issue-not_whole = “{ $value }” is not a whole number; give one from { $min } to { $max }
issue-out_of_range = “{ $value }” is out of range; it lies from { $min } to { $max }
issue-bad_date = “{ $value }” is not a day of the calendar; write it like 2021-10-20
issue-date_out_of_range = the year of “{ $value }” is out of range; it lies from { $min } to { $max }
issue-bad_duration = “{ $value }” is not a duration; write it like 21 days or 6 months - 4 days
issue-bad_weekdays = “{ $value }” names no weekdays; write them like mon thu
issue-bad_word = “{ $value }” is not one of the words for this{ issue-hint }; words: { $known }
issue-bad_email = “{ $value }” is not an e-mail address; write one, like name@example.com
issue-unknown_language = “{ $value }” is not a language that is spoken here; give zh-CN or en
issue-unknown_timezone = “{ $value }” is not the name of a time zone; did you mean “{ $nearest }”
issue-half_a_point = latitude and longitude come together or not at all
issue-email_missing = “{ $value }” has no e-mail address and will get no mail; fill it in
# campaign
issue-end_before_start = the end { $value } lies before the start { $start }; correct one of them
issue-campaign_too_long = has { $days } days, { $limit } at most; check the years
issue-unknown_series = there is no series “{ $value }”{ issue-hint }; series: { $known }; or put your own series.toml into the folder
issue-unknown_vaccine = no vaccine or vaccine group is called “{ $value }”{ issue-hint }
issue-catch_up_series = only a campaign with series = "catch-up" says what it catches up on; change the series, or take the table catch_up out
issue-series_mismatch = says “{ $value }”, but the id in the folder's series.toml is “{ $own }”; make them the same
issue-series_protection_falls = the protection { $value } is lower than { $before } of the dose before; it is cumulative and does not fall
issue-series_first_interval = the first dose has none before it, so it has no interval; remove it
issue-series_interval_order = { $value } is shorter than { $other }, { $other_value }; keep interval_min ≤ interval_recommended ≤ interval_max
issue-series_without_doses = the series has no doses; write at least one [[doses]]
issue-ages_crossed = the highest age { $value } is not above the lowest { $min_age }; a group takes the lowest in and leaves the highest out
issue-opens_after_end = opens on { $value }, after the end of the campaign { $end }, so nothing will be planned for this group
issue-no_groups = there are no groups; write at least one [[groups]] (in a workbook: the sheet groups)
issue-duplicate_key = “{ $value }” stands in row { $first } already; a code stands once in a table
issue-duplicate_row = “{ $value }” is the same as row { $first } and is left out; delete one of them
issue-contradicting_rows = { $group } in { $area } is { $value } here and { $other } in row { $first } for the same as_of; keep the right one, or give the revision an as_of of its own
issue-overlapping_codes = “{ $value }” is a code in { $other } already; sites, teams and stops do not share codes
issue-unknown_area = the area “{ $value }” is not in areas{ issue-hint }; correct it, or add it to areas
issue-unknown_group = no group has the id “{ $value }”{ issue-hint }; correct it, or add it to groups
issue-unknown_site = the site “{ $value }” is not in sites{ issue-hint }; correct it, or add it to sites
issue-unknown_place = no site, stop or team has the code “{ $value }”{ issue-hint }; correct it, or add it
issue-area_cycle = the parents run in a circle: { $path }; correct one parent
issue-several_roots = { $count } areas have no parent ({ $roots }), so there is no total; give the others a parent
issue-no_areas = there are no areas; write at least one row
issue-closure_with_doses = { $place } is a team or a stop and can only be off (0 doses), not { $value }
issue-outside_campaign = { $value } lies outside the campaign, { $start } to { $end }, so the row does nothing
issue-expires_before_delivery = expires on { $value }, before it arrives on { $date }; correct one of them
# doses, tallies, persons, outcomes
issue-unknown_person = the register has no “{ $value }”; import the register first, or correct the code
issue-unknown_lot = the lot “{ $value }” is not in deliveries; correct it, or add it to deliveries
issue-dose_number = dose { $value } is beyond the series, which has { $limit }; correct it
issue-future_date = { $value } lies after today, { $today }; correct the date
issue-before_birth = { $value } lies before the date of birth; correct one of them
issue-duplicate_record = the record “{ $value }” has other values in row { $first } of this file; keep the right one
issue-until_before_date = ends on { $value }, before its date { $date }; correct one of them
issue-place_closed = { $value } is closed on { $date }; check place and date
issue-lot_expired = the lot { $value } expired on { $expires }; check lot and date
issue-lot_not_delivered = the lot { $value } arrives only on { $date }; check lot and date
issue-stored_otherwise = the record “{ $value }” is stored with other values; taken as a correction, the history is kept

# dose rules (CDSi supporting data)
issue-bad_xml = not well-formed XML ({ $reason }); download the file again
issue-unknown_root = the root element is “{ $value }” and should be “{ $root }”; check which file this is
issue-unknown_element = element “{ $value }” is not known, and what it says is not used; see the notes of this release of the rules
issue-missing_element = element “{ $value }” is missing; download the file again
issue-duplicate_antigen = antigen “{ $value }” occurs twice; there is one file per antigen
issue-duplicate_code = code “{ $value }” occurs twice; keep one
issue-unknown_antigen = antigen “{ $value }” is in no vaccine group of ScheduleSupportingData.xml; use files of one release
issue-several_antigens = another antigen, “{ $value }”, in the same file; a file holds one antigen
issue-unknown_vaccine_group = vaccine group “{ $value }” is not in ScheduleSupportingData.xml; use files of one release
issue-bad_gender = “{ $value }” is no gender; write Female, Male or Unknown
issue-dose_out_of_order = dose “{ $value }” is out of place; doses are numbered from Dose 1 on
issue-interval_from_nothing = an interval does not say what it runs from; it needs fromPrevious, fromTargetDose, fromMostRecent or fromRelevantObs
issue-rules_cycle = the rules turn in a circle ({ $value }); an interval runs from an earlier dose, and a series group never waits for itself
issue-missing_rules = the rules file “{ $value }” is missing; add it from the same release
issue-no_rules = the folder holds neither CDSi rules in XML nor series files (*.toml); check --rules
issue-too_many_files = more than { $limit } files in the folder; check --rules
issue-macros = this workbook has macros, which are not read; save it as .xlsx without macros and upload it again
issue-formulas = this sheet has formulas (such as { $value }); what they came to when it was saved is taken, better paste values
