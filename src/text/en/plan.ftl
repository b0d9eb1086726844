# The verdict on a plan.

verdict-reached = { $group }: the target of { $target } people is reached ({ $planned }).
verdict-behind = { $group }: { $planned } of { $target } people in this plan. The target can be reached if this group takes precedence.
verdict-unreachable = { $group }: the target of { $target } people cannot be reached under these conditions; { $short } people are missing even if this group takes precedence.
verdict-bind = { $people } people of { $areas }: { $reason }
verdict-bind-days = { $people } people of { $areas }: { $reason } ({ $first } to { $last })
verdict-more-areas = { $areas } and { $more } more
verdict-fix-doses = This would be enough: { $doses } more doses by { $by }.
verdict-fix-team-days = This would be enough: one more mobile team for { $days } days.
verdict-fix-days = This would be enough: { $days } more days at the end.
verdict-no-fix = Neither more vaccine, nor one more team, nor 60 more days would be enough alone.
verdict-not-tried = { $group }: { $planned } of { $target } people in this plan. It was not tried whether more can be reached.
verdict-cut-short = Time ran out before every remedy was tried; plan again with more --seconds.

plan-progress-first = { $seconds } s: objective { $objective }
plan-progress = { $seconds } s: objective { $objective }, bound { $bound }, gap { $gap } %

stage-greedy = day by day, by priority
stage-objective = best objective
stage-plan = this plan: also worst area and travel
column-stage = stage
column-objective = objective
column-gap = gap
column-worst_area = worst area
column-travel_km = travel, km

plan-tours = plan { $no }: { $tours } tours
tour-base = base
column-at = at
column-arrives = arrives
column-first_dose = first dose
column-leaves = leaves

figure-coverage = finish, %
figure-last-day = last dose on
figure-worst-area = worst area
figure-gap = gap, %
column-what_if = what if
column-difference = difference

why-prices = One more: the most that one more unit on the dearest day could bring, in points of the objective. Weight: how much the plan is limited there. -o json shows { $more } more lines.
why-nothing-scarce = Nothing that was asked about is scarce: more of it would bring nothing.
why-no-prices = the prices of plan { $no } were not kept; doseplan plan make makes a plan with prices
why-series = { $group } of { $area }: the best series ({ $doses }) is worth { $worth }; it costs others { $cost }
scarce-site-day = doses of a site
scarce-storage = cold store
scarce-lot = vaccine
scarce-stop-day = doses at a stop
scarce-stop-visit = visit to a stop
scarce-team-day = day of a team
column-scarce = scarce
column-code = code
column-first = first day
column-last = last day
column-dearest = dearest day
column-one_more = one more
column-weight = weight

vials-doses = { $lot } { $doses } doses
vials-unknown = No lot says how many doses a vial holds; add the column doses_per_vial to deliveries.csv.
vials-waste = { $doses } doses; { $waste } more are left in open vials if everybody comes.
vials-merge = Move { $place } { $name } of { $from } ({ $doses } doses) to { $into }: saves { $saves } doses.
vials-merge-later = Move { $place } { $name } of { $from } ({ $doses } doses) to { $into }: saves { $saves } doses; these people wait longer.
column-vials = vials
column-open_vial_waste = left in open vials

plan-one-folder = several campaigns are planned together only with --jurisdiction; name one folder and one file of doses given
plan-check-folder-and-plan = name the campaign folder and the plan
plan-check-plan-alone = with --jurisdiction name the plan alone; the campaigns' folders follow --folder
plan-given-of-campaign = with --jurisdiction, --given is written as CAMPAIGN=TALLIES.csv, with the id of one of the campaigns
column-unplaced = without a place

# Rosters.

duty-role-vaccinator = vaccinator
duty-role-screener = screener
duty-role-registrar = registrar
duty-role-observer = observer
duty-role-driver = driver
duty-role-doctor = doctor
roster-no-staff = { $path } has no staff; fill in staff.csv: who works, their site or team, and their roles
roster-no-days = there is no day to roster; check --from and --until, and that the files have rows
roster-plan-or-before = name a plan with --plan, or a published roster with --before
roster-unknown-place = the plan names { $place }, which is no site, stop or team of the jurisdiction; use the folder that the plan was made with
roster-missing = { $place } on { $date }: { $people } { $role } missing
roster-no-room = { $place } on { $date }: { $doses } doses more than its stations can give
roster-made = { $count } duties of { $people } people from { $from } to { $until }
roster-changed = { $count } changes; { $people } people are moved
roster-reason-away = away
roster-reason-not-needed = no longer needed
roster-reason-needed = more people needed
roster-reason-takes-over = takes over
roster-reason-relieved = relieved for another day
roster-fair-days = days: { $groups } groups of people alike, unfairness { $is }, at least { $bound }
roster-fair-weekends = weekend days: { $groups } groups of people alike, unfairness { $is }, at least { $bound }
roster-good = { $path }: every rule holds
roster-bad = { $path }: { $count } rules broken
roster-rule-row = unknown
roster-rule-twice = two places
roster-rule-role = role
roster-rule-absent = absent
roster-rule-week = days a week
roster-rule-run = days in a row
roster-rule-where = not their place
roster-rule-crew = crew
roster-rule-capacity = doses
roster-exported = { $count } files written into { $dir }
column-staff = staff
column-staff_days = staff-days
column-days = days
column-detail = detail
column-signed = signature
surge-too-early = --by { $by } is before the plan's first day { $first }; write a later day
surge-no-target = the group { $group } has no target; groups with one: { $known }
surge-group = { $group }: { $people } people are to have finished by { $by }. With what is there: { $today }. With what stands below: { $then }.
surge-group-part = { $group }: nobody can finish by { $by }, the intervals are too long. Dose { $dose } is possible for { $people } people. With what is there: { $today }. With what stands below: { $then }.
surge-group-none = { $group }: nobody can have dose { $dose } by { $by }: the group opens too late for it. It is left out here.
surge-out-of-reach = { $people } people of this target have no place that serves them, or are not expected to come.
surge-nothing-helps = Nothing that was tried is enough. Ask for a later day, or for fewer groups.
surge-nothing-needed = What is there is enough.
surge-staff = Staff more: { $staff }. Fewer than { $least } cannot do it (gap { $gap } %).
surge-cut-short = Time ran out before everything was tried: less may do. --seconds gives more time.
surge-count-first = Nobody has counted the staff (staff.csv of the jurisdiction). Count the vaccinators of { $areas } first: most are needed there.
surge-what-if = To see the plan: { $command }
surge-kind-stations = stations
surge-kind-site = new site
surge-kind-teams = teams
surge-kind-staff = staff
surge-kind-storage = cold store (doses)
surge-kind-vaccine = vaccine (doses)
column-more = more
column-counted = counted
column-present = there now
surge-impossible = No number of stations and teams is enough: those that fit into the sites cannot do it. Ask for a later day or fewer groups, or name candidate sites.
