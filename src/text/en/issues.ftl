### What can be wrong with a file: what, the limit, what to do.

word-yes-no = yes, no
issue-column = column { $column }
issue-hint = { $nearest ->
    [none] {""}
   *[other] , did you mean “{ $nearest }”
}
issue-stops = { $stops ->
    [none] none
   *[other] { $stops }
}

# files
issue-path_missing = no such file or folder; check the path
issue-not_a_campaign = neither a folder nor an .xlsx workbook; a campaign is a folder with campaign.toml or one .xlsx workbook
issue-unreadable = cannot be read ({ $reason }); check its permissions and whether another program has it open
issue-not_a_file = is a { $kind ->
    [folder] folder
    [pipe] pipe
    [socket] socket
   *[device] device
}, not a file; save the content in a file and name that
issue-file_too_large = is larger than { $limit }; check that it is the right file
issue-missing_file = the required file { $file } is missing; add it
issue-misnamed_file = no file with this name is read; if you mean “{ $nearest }”, rename it
issue-empty_file = has no header; the first row should be: { $columns }
issue-utf16 = the file is UTF-16; in Excel save it as “CSV UTF-8 (comma delimited)”
issue-bad_encoding = the text is neither UTF-8 nor GB18030; save it as “CSV UTF-8 (comma delimited)”
issue-big5 = the text is probably Big5 (traditional Chinese); open it with that encoding and save it as “CSV UTF-8 (comma delimited)”
issue-binary_file = contains NUL bytes and is not text; if it is a workbook, its name must end in .xlsx
issue-old_workbook = is an old workbook or one with a password; save it as .xlsx without a password
issue-bad_workbook = the workbook cannot be opened ({ $reason }); open it in Excel or WPS and save it as .xlsx again
issue-workbook_too_large = the workbook unpacks to more than { $limit } and was not opened; remove pictures and sheets that are not needed
issue-workbook_too_costly = reading it takes more than { $memory } of memory or { $seconds } seconds and was stopped; delete what the table does not need (Ctrl+End shows how far a sheet reaches), or save the table as CSV
issue-sheet_too_large = has more than { $limit } cells or { $text } of text; delete the rows and columns that the table does not need, or save it as CSV
issue-missing_sheet = the workbook has no sheet “{ $stem }”; add it
issue-sheet_skipped = the sheet is skipped, for no heading names the column { $missing }; if it is a list, head the column { $missing }
issue-duplicate_sheet = several sheets are called “{ $value }”; keep one
issue-bad_toml = is not TOML ({ $reason }); put text in double quotes, such as name = "Danyang"
issue-file_changed = the file changed or was cut off while it was read; import it again when it is complete
issue-too_many_rows = has more than { $limit } rows; split the file
issue-too_many_issues = this file has more than { $limit } issues, and the others are not shown; correct these first
issue-row_too_long = a row is longer than { $limit } bytes; probably a closing double quote is missing
# columns and keys
issue-unknown_column = there is no column “{ $value }”{ issue-hint }; columns: { $known }
issue-duplicate_column = the column appears twice; keep one
issue-missing_column = the column is missing; the header should be: { $columns }
issue-too_many_cells = “{ $value }” has no column name above it (the header has { $limit } cells); look for an extra comma
issue-too_few_cells = the row has { $cells } cells, but the header has { $limit }; it was cut off or lacks commas
issue-unknown_key = there is no key “{ $value }”{ issue-hint }; keys: { $known }
issue-duplicate_setting = the key appears twice or contradicts another key; keep one
issue-not_a_value = a single value is expected here, not a table or a list
issue-not_a_table = a table is expected here, such as [{ $column }] or [[{ $column }]]
# values
issue-missing_value = must not be empty; fill it in
issue-text_too_long = the text is longer than { $limit } characters; shorten it
issue-control_character = “{ $value }” contains a line break or an invisible character; delete it and type the text again
issue-cell_error = “{ $value }” is the result of a failed formula; correct the formula or type the value
issue-number_for_code = “{ $value }” was turned into a number and has lost digits; format the column as text and enter the codes again
issue-id_check_digit = the last digit of the number that ends in { $value } does not fit the others; check it, and whether the column is formatted as text
issue-id_born = the birth date in the number that ends in { $value } is not that of the register; check both
issue-not_a_number = “{ $value }” is not a number; enter one from { $min } to { $max }, such as { $example }
issue-not_whole = “{ $value }” is not a whole number; enter one from { $min } to { $max }
issue-out_of_range = “{ $value }” is out of range; it must be from { $min } to { $max }
issue-bad_date = “{ $value }” is not a valid date; write it like 2021-10-20
issue-date_out_of_range = the year of “{ $value }” is out of range; it must be from { $min } to { $max }
issue-bad_duration = “{ $value }” is not a duration; write it like 21 days or 6 months - 4 days
issue-bad_season_start = “{ $value }” is not a day that every year has; write it like 09-01
issue-bad_weekdays = “{ $value }” is not a list of weekdays; write them like mon thu
issue-bad_word = “{ $value }” is not one of the words allowed here{ issue-hint }; words: { $known }
issue-bad_email = “{ $value }” is not an e-mail address; write one like name@example.com
issue-unknown_language = “{ $value }” is not a supported language; use zh-CN or en
issue-unknown_timezone = “{ $value }” is not the name of a time zone; did you mean “{ $nearest }”
issue-half_a_point = latitude and longitude must both be given, or neither
issue-email_missing = “{ $value }” has no e-mail address and will get no mail; fill it in
# campaign
issue-end_before_start = the end { $value } is before the start { $start }; correct one of them
issue-campaign_too_long = lasts { $days } days, but { $limit } is the limit; check the years
issue-unknown_series = there is no series “{ $value }”{ issue-hint }; series: { $known }; or add your own series.toml to the folder
issue-unknown_vaccine = no vaccine or vaccine group is called “{ $value }”{ issue-hint }
issue-catch_up_series = only a campaign with series = "catch-up" may have this table; change the series, or remove the table catch_up
issue-series_mismatch = is “{ $value }”, but the id in the folder's series.toml is “{ $own }”; make them equal
issue-series_protection_falls = the protection { $value } is lower than that of the dose before, { $before }; it is cumulative and cannot fall
issue-series_first_interval = the first dose has no dose before it and so no interval; remove it
issue-series_interval_order = { $value } is shorter than { $other }, { $other_value }; it must be interval_min ≤ interval_recommended ≤ interval_max
issue-series_without_doses = the series has no doses; add at least one [[doses]]
issue-ages_crossed = the upper age { $value } is not above the lower age { $min_age }; a group includes the lower age and excludes the upper one
issue-opens_after_end = opens on { $value }, after the campaign ends on { $end }, so nothing will be planned for this group
issue-no_groups = there are no groups; add at least one [[groups]] (in a workbook: the sheet groups)
issue-duplicate_key = “{ $value }” is already in row { $first }; a code may appear only once in a table
issue-duplicate_row = “{ $value }” repeats row { $first } and is ignored; delete one of them
issue-contradicting_rows = { $group } in { $area } is { $value } here and { $other } in row { $first } for the same as_of; keep the right one, or give the revision its own as_of
issue-overlapping_codes = “{ $value }” is already a code in { $other }; sites, teams and stops must have different codes
issue-unknown_area = the area “{ $value }” is not in areas{ issue-hint }; correct it, or add it to areas
issue-unknown_group = no group has the id “{ $value }”{ issue-hint }; correct it, or add it to groups
issue-unknown_site = the site “{ $value }” is not in sites{ issue-hint }; correct it, or add it to sites
issue-unknown_place = no site, stop or team has the code “{ $value }”{ issue-hint }; correct it, or add it
issue-team_place = “{ $value }” is a team; write the stop at which the doses were given (planned on { $date }: { issue-stops })
issue-area_cycle = the parents form a circle: { $path }; correct one parent
issue-several_roots = { $count } areas have no parent ({ $roots }), so there is no total; give the others a parent
issue-no_areas = there are no areas; add at least one row
issue-closure_with_doses = { $place } is a team or a stop and can only be closed (0 doses), not limited to { $value }
issue-point_far_away = { $value } is { $km } km from most other places; is the sign or a digit wrong?
issue-point_in_other_zone = { $value } is not where the clocks are those of { $timezone }; longitude is degrees east
issue-outside_campaign = { $value } is outside the campaign, { $start } to { $end }, so the row has no effect
issue-expires_before_delivery = expires on { $value }, before it arrives on { $date }; correct one of them
# jurisdictions and campaigns beside them
issue-half_a_merger = a merged area needs both: merged_into (the successor) and until (the day from which its people count there); fill in { $column }, or clear the other
issue-merger_circle = the mergers form a circle through “{ $value }”; correct one merged_into
issue-merger_unknown = { $area } is merged into “{ $value }”, which is no area of the jurisdiction; correct merged_into, or add that area
issue-renamed_twice = “{ $value }” is still a group, or is the old name of two groups; a group has one successor
issue-facts = { $tallies ->
    [none] {""}
    [one] {" "}1 tally,
   *[other] {" "}{ $tallies } tallies,
}{ $doses ->
    [none] {""}
    [one] {" "}1 dose,
   *[other] {" "}{ $doses } doses,
}{ $people ->
    [none] {""}
    [one] {" "}1 person,
   *[other] {" "}{ $people } people,
}{ $outcomes ->
    [none] {""}
    [one] {" "}1 outcome,
   *[other] {" "}{ $outcomes } outcomes,
}{ $appointments ->
    [none] {""}
    [one] {" "}1 appointment,
   *[other] {" "}{ $appointments } appointments,
}{ $plan ->
    [none] {""}
    [one] {" "}1 row of the plan in force,
   *[other] {" "}{ $plan } rows of the plan in force,
}{ $denominators ->
    [none] {""}
    [one] {" "}1 denominator,
   *[other] {" "}{ $denominators } denominators,
}
issue-facts_of_area = “{ $value }” is gone, but in { $campaign } it has{ issue-facts } which would vanish from every report; keep its row, and if it was merged (并镇) write merged_into and until
issue-facts_of_group = “{ $value }” is gone, but in { $campaign } it has{ issue-facts } which would vanish from every report; keep the group, or write renamed_from = "{ $value }" in the group that it is now
issue-facts_of_place = “{ $value }” is gone, but in { $campaign } it has{ issue-facts } which would have no place; keep its row, and write until: the first day on which it is no longer there
issue-facts_of_lot = the lot “{ $value }” is gone, but in { $campaign } it has{ issue-facts } so keep its row; if it was recalled, write recalled: the first day on which it may not be used
issue-facts_of_denominator = the eligible people of “{ $value }” are gone, but in { $campaign } there are{ issue-facts } of which no share could be told; keep the row, and write a revision with a newer as_of
issue-stations_without_hours = with stations the day's doses follow from the hours; fill in opens and closes, such as 08:00 and 16:30, or clear stations
issue-half_of_hours = opening hours need both opens and closes, such as 08:00 and 16:30; fill in { $column }, or clear the other
issue-closes_before_it_opens = closes at { $value }, not after it opens at { $opens }; correct one of them
issue-bad_time = “{ $value }” is not a time of day; write it as 08:30
issue-closed_twice = { $value } has two rows for { $day }: { $doses } doses here, { $other } in row { $first }; keep one
issue-closed_too_long = more than { $limit } days in one row; correct until
issue-unknown_workplace = no site or team has the code “{ $value }”{ issue-hint }; people belong to a site or a team; correct { $column }
issue-unknown_staff = nobody with the code “{ $value }” is in staff{ issue-hint }; correct it, or add the person to staff
issue-leave_too_long = more than { $limit } days of leave in one row; correct until, or end their work with until in staff
issue-role_of_nobody = crews of kind { $kind } need the role { $value }, and nobody in staff has it; add it to somebody's roles, or change crews
issue-crew_too_large = one station of kind { $kind } needs { $need } people with the role { $value }, and staff has { $count } in all; correct crews, or add staff
issue-everybody_away = on { $value } everybody who would work is on leave (days like that: { $count }); no station can open then
issue-unknown_kind = no stop is of the kind “{ $value }”{ issue-hint }, so the group has no such place; correct it, or give stops this kind
issue-differs_from_jurisdiction = { $value } differs from what the jurisdiction says of { $code }; leave the row out or correct it, or change the jurisdiction's table
issue-travel_differs = the campaigns say different speeds or road factors; put [travel] into jurisdiction.toml
issue-restock_differs = another campaign says other restock days for { $value }; give the site a row in the jurisdiction's sites
issue-same_campaign = another folder is the campaign “{ $value }” too; give each campaign its own id
issue-session_for_nobody = nobody is eligible there (area “{ $value }”); correct area or group, or add the people to eligible
issue-session_when_shut = { $value } is closed on { $date }, so nobody is vaccinated there then; agree on another day, or correct closures or weekdays
issue-session_too_large = { $doses } doses are agreed at { $value } on { $date }, and one visit gives { $most } at most; spread them over more days, or correct doses
# doses, tallies, persons, outcomes
issue-unknown_person = the register has no person “{ $value }”; import the register first, or correct the code
issue-unknown_lot = the lot “{ $value }” is not in deliveries; correct it, or add it to deliveries
issue-dose_number = dose { $value } is beyond the series, which has { $limit } doses; correct it
issue-future_date = { $value } is after today, { $today }; correct the date
issue-possible_duplicate = possible duplicate: { $person } has this vaccine on { $date } already, as record { $other }; leave the row out, or correct the date, the person or the vaccine
issue-before_birth = { $value } is before the date of birth; correct one of them
issue-unknown_campaign = there is no campaign “{ $value }”{ issue-hint }; correct it, or leave it out
issue-wrong_campaign = the row belongs to campaign “{ $value }”; import it with --campaign { $value }, or give the record another code
issue-which_campaign = nothing says which campaign the row belongs to ({ $known }); name it in the column campaign or with --campaign, or name the vaccine in the column product
issue-born_after_dose = the date of birth is after dose record { $record }; correct one of them
issue-born_changed = { $person } had another date of birth in the register; this one is stored. If it is another person, undo the import and give them another code
issue-bad_death = died on { $value }, before birth or after today; correct the date
issue-erased_person = the personal data of “{ $value }” were erased on request; leave the row out
issue-duplicate_record = the record “{ $value }” has different values in row { $first } of this file; keep the right one
issue-until_before_date = ends on { $value }, before its date { $date }; correct one of them
issue-place_closed = { $value } is closed on { $date }; check the place and the date
issue-lot_expired = the lot { $value } expired on { $expires }; check the lot and the date
issue-lot_not_delivered = the lot { $value } is not delivered before { $date }; check the lot and the date
issue-stored_otherwise = the record “{ $value }” is stored with different values; this row is taken as a correction, and the history is kept

# dose rules (CDSi supporting data)
issue-bad_xml = not well-formed XML ({ $reason }); download the file again
issue-unknown_root = the root element is “{ $value }” but should be “{ $root }”; check that this is the right file
issue-unknown_element = the element “{ $value }” is unknown and ignored; see the notes of this release of the rules
issue-missing_element = the element “{ $value }” is missing; download the file again
issue-duplicate_antigen = antigen “{ $value }” occurs twice; there is one file per antigen
issue-duplicate_code = code “{ $value }” occurs twice; keep one
issue-unknown_antigen = antigen “{ $value }” is in no vaccine group of ScheduleSupportingData.xml; use files of the same release
issue-several_antigens = the file contains another antigen, “{ $value }”; each file holds one
issue-unknown_vaccine_group = vaccine group “{ $value }” is not in ScheduleSupportingData.xml; use files of the same release
issue-bad_gender = “{ $value }” is not a gender; write Female, Male or Unknown
issue-dose_out_of_order = dose “{ $value }” is out of order; doses are numbered from Dose 1
issue-interval_from_nothing = an interval does not say what it starts from; it needs fromPrevious, fromTargetDose, fromMostRecent or fromRelevantObs
issue-rules_cycle = the rules are circular ({ $value }); an interval must start at an earlier dose, and a series group cannot wait for itself
issue-left_out = “{ $value }” is left out because of what is told before; all other rules hold
issue-missing_rules = the rules file “{ $value }” is missing; add it from the same release
issue-no_rules = the folder contains neither CDSi rules in XML nor series files (*.toml); check --rules
issue-too_many_files = the folder has more than { $limit } files; check --rules
issue-macros = this workbook has macros, which are not read; save it as .xlsx without macros and upload it again
issue-formulas = this sheet has formulas (such as { $value }); the results saved with them are used, but it is better to paste values
issue-doubtful_capacity = { $value } doses at { $place }, which can give { $than } a day. If the count is right, import it with --yes
issue-doubtful_day = { $value } doses at { $place }: with them the day far exceeds the { $than } that it can give. If the count is right, import it with --yes
issue-doubtful_unusual = { $value } doses at { $place }, whose busiest day of the last weeks had { $than }. If the count is right, import it with --yes
issue-doubtful_twice = { $value } doses at { $place }, which another record of the same day, area, group and dose has already. If both are right, import it with --yes
issue-impossible_count = { $value } doses: no place gives more than { $limit } a day. Correct the count
issue-too_early = { $value } is long before the campaign, which starts on { $start }. Correct the date

# profiles
issue-profile_no_source = the column has neither from nor join nor value; say where it comes from
issue-profile_no_codes = the profile has no table of codes “{ $value }”{ issue-hint }; tables: { $known }
issue-profile_no_column = the profile does not say where the column { $column } comes from; add [columns.{ $column }] with from or value
issue-profile_no_heading = the file has none of the headings of { $column }: { $value }; headings: { $known }. Correct from in { $profile }
issue-profile_unsaid = { $profile } says nothing of the heading “{ $value }”; take it with from, or add it to ignored
issue-profile_no_header = no heading is one that the program knows; headings are, for example: { $known }. Write a profile by hand
issue-unknown_code = the code “{ $value }” is not in the table { $table } of { $profile }{ issue-hint }; add it there, or correct the cell

# official figures
issue-unknown_rule_name = “{ $value }” names nothing in these rules{ issue-hint }; known: { $known }
issue-vaccine_without_rule = no rule knows the vaccine “{ $value }”{ issue-hint }; its doses ({ $count }) are taken as without programme component
issue-vaccine_by_campaign = no rule knows the vaccine name “{ $value }”; its doses ({ $count }) are counted as { $own }, the vaccine of the campaign under which they were recorded
issue-unit_not_listed = the list of units has no unit “{ $value }”; { $doses } doses and { $children } children name it, and no table counts them there
issue-child_without_unit = { $count } children have no managing unit (the first: “{ $value }”); they are due nowhere
issue-births_differ = the files “{ $other }” and “{ $value }” have one identity number and different days of birth; one of them is wrong
issue-attribute_missing = { $count } doses of { $value } say neither P nor S; they are counted as of the programme
issue-record_twice = the record “{ $value }” is already in row { $first }; both are counted unless they are the same vaccine on the same day
issue-unknown_child = children.csv has no child “{ $value }”; the row is left out
issue-township_not_listed = townships.csv does not have the township “{ $value }” of unit { $unit }; it counts as a township of its own
issue-township_small = the township “{ $value }” has fewer than { $limit } residents, also after merging; merge it with a neighbour of the same county
issue-township_only_one = the county of township “{ $value }” has fewer than { $limit } residents; it is one township
issue-township_merge = the township “{ $value }” cannot be merged into “{ $other }”; a township is merged with another one of its county
issue-period_not_over = the period ends on { $value }, after today, { $today }; the figures are of what is there now
issue-list_of_nobody = the row names neither a school nor an area; write the school, or for those who are not at school the township
issue-list_of_two = the row names a school and an area; in a school's list leave area empty, in a township's list of those who are not at school leave school empty
issue-list_withheld = the list of { $list } is not taken, for { $other } has a part of it, or may have one, and is refused; correct that file and give both again
issue-empty_list = there are no rows below the headings; a list that is replaced by nothing stays as it is: add rows, or leave the file out
issue-rows_twice = { $count } rows stand in { $other } already; they count once
issue-unknown_school = “{ $value }” is no school of the campaign{ issue-hint }; a school is an area with a stop of kind school: correct the name, or add it to areas and stops
issue-unknown_pupil = no pupil of the register is this one; match the lists first (schools match --save), or write the person's code
issue-several_pupils = several pupils are like this: { $known }; write the person's code or the identity number
issue-pupil_differs = the register says something else of { $person }; make sure that it is this child and correct the row, or leave the cell empty: whoever signed belongs into the column by
issue-answer_outweighed = the answer of { $date } stays ({ $answer ->
    [no] refuses
   *[yes] agrees
}): the newest answer counts, and of one day the refusal; if this one is newer, correct its date

# Outlines of areas
issue-outlines_bytes = is larger than { $limit } MB; leave out what lies outside the county, and simplify the rest, for example with mapshaper
issue-outlines_json = is not JSON ({ $reason }); export the areas as GeoJSON in WGS-84 (EPSG:4326)
issue-outlines_collection = is no collection of features; a file of outlines begins with "type": "FeatureCollection" and has a list "features"
issue-outlines_features = has { $value } features, at most { $limit } are read; leave out areas that are not in areas.csv
issue-outlines_positions = has more than { $limit } positions; simplify it first, for example with mapshaper
issue-outlines_area = feature { $first } names no area; give it a property area (or code) with a code of areas.csv
issue-outlines_unknown = feature { $first }: “{ $value }” is no area here{ issue-hint }; write a code of areas.csv
issue-outlines_twice = feature { $first }: area { $value } has an outline already, in feature { $other }; join both into one MultiPolygon
issue-outlines_shape = feature { $first } has geometry { $value }; an outline is a Polygon or a MultiPolygon
issue-outlines_ring = feature { $first }, polygon and ring { $value }: a ring has at least four positions, and the last one is the first again; close it
issue-outlines_position = feature { $first }: { $value } is no position; write longitude, then latitude, in degrees of WGS-84: [119.57, 32.01]
