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
