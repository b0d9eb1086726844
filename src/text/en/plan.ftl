# The verdict on a plan.

verdict-reached = { $group }: the target of { $target } people is reached ({ $planned }).
verdict-behind = { $group }: { $planned } of { $target } people in this plan. The target can be reached if this group comes before others.
verdict-unreachable = { $group }: the target of { $target } people cannot be reached as planned, { $short } people are missing even if this group comes first.
verdict-bind = { $people } people of { $areas }: { $reason }
verdict-bind-days = { $people } people of { $areas }: { $reason } ({ $first } to { $last })
verdict-more-areas = { $areas } and { $more } more
verdict-fix-doses = Enough: { $doses } doses more by { $by }.
verdict-fix-team-days = Enough: { $days } days of one more mobile team.
verdict-fix-days = Enough: { $days } days more at the end.
verdict-no-fix = More vaccine, one more team or 60 days more do not suffice, each alone.
verdict-not-tried = { $group }: { $planned } of { $target } people in this plan. Whether more can be reached was not tried.
verdict-cut-short = The time was up before every fix was tried; plan again with more --seconds.

plan-progress-first = { $seconds } s: objective { $objective }
plan-progress = { $seconds } s: objective { $objective }, bound { $bound }, gap { $gap } %

stage-greedy = day by day, by priority
stage-objective = best objective
stage-plan = this plan: worst area and travel too
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

why-prices = One more: what one unit more on the dearest day could bring at most, in points of the objective. Weight: how much the plan is held back there. { $more } lines more with -o json.
why-nothing-scarce = Nothing that was asked about is scarce: more of it would bring nothing.
why-no-prices = the prices of plan { $no } are not kept; doseplan plan make makes a plan with prices
why-series = { $group } of { $area }: the best series ({ $doses }) is worth { $worth }; what others would lose is { $cost }
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
vials-unknown = No lot says how many doses are in a vial; add the column doses_per_vial to deliveries.csv.
vials-waste = { $doses } doses; { $waste } more stay in open vials when everybody comes.
vials-merge = Put { $place } { $name } of { $from } ({ $doses } doses) on { $into }: saves { $saves } doses.
vials-merge-later = Put { $place } { $name } of { $from } ({ $doses } doses) on { $into }: saves { $saves } doses; these people wait longer.
column-vials = vials
column-open_vial_waste = left in open vials
