# Words of the mails. People and doses are never mixed.

## Dates and what all mails share

mail-date = {$day} {$month-name} ({$weekday})
mail-day = {$day} {$month-name}
mail-day-short = {$day} {$month-name}
mail-day-end = 24:00 on {$day} {$month-name}
mail-weekday-1 = Mon
mail-weekday-2 = Tue
mail-weekday-3 = Wed
mail-weekday-4 = Thu
mail-weekday-5 = Fri
mail-weekday-6 = Sat
mail-weekday-7 = Sun
mail-month-1 = Jan
mail-month-2 = Feb
mail-month-3 = Mar
mail-month-4 = Apr
mail-month-5 = May
mail-month-6 = Jun
mail-month-7 = Jul
mail-month-8 = Aug
mail-month-9 = Sep
mail-month-10 = Oct
mail-month-11 = Nov
mail-month-12 = Dec
mail-dose-1 = first dose
mail-dose-2 = second dose
mail-dose-3 = third dose
mail-dose-n = dose {$dose}
mail-dose-short = Dose {$dose}
mail-separator = {", "}
mail-clauses = {"; "}
mail-in-brackets = {$text} ({$note})
mail-no-figure = —
mail-percent = {$number}%
mail-more = And {$count} more, not listed here.
mail-more-people = And {$count} more people; the full list is in the system.
mail-and-more = {$names} and others, {$count} in all
mail-footer = Sent by doseplan. People and doses are counted separately; what is not reported does not count as zero.

## Needed per day

mail-needs = Needed per day to finish in time
mail-needs-group = Group
mail-needs-done = People done
mail-needs-left = Doses left
mail-needs-per-day = Doses per day
mail-needs-of = of {$people}
mail-needs-days = {$days} days left

## Leads: tomorrow's sessions

mail-digest-subject = {$date}: {$doses} doses tomorrow, {$post}
mail-digest-subject-one = {$date}: {$doses} dose tomorrow, {$post}
mail-digest-subject-team = {$date}: {$doses} doses tomorrow, {$stops} stops, {$post}
mail-digest-subject-team-one = {$date}: {$doses} doses tomorrow, {$stops} stop, {$post}
mail-digest-subject-none = {$date}: no session tomorrow, {$post}
mail-digest-subject-vaccines = {$date}: tomorrow {$vaccines}, {$post}
mail-digest-vaccine = {$vaccine} {$doses} doses
mail-digest-vaccine-one = {$vaccine} {$doses} dose
mail-digest-opening-campaigns = Tomorrow, {$date}: {$campaigns} campaigns, {$doses} doses.
mail-digest-opening-campaigns-one = Tomorrow, {$date}: 1 campaign, {$doses} doses.
mail-digest-opening = Tomorrow, {$date}: {$sessions} sessions, {$people} people expected.
mail-digest-opening-one = Tomorrow, {$date}: 1 session, {$people} people expected.
mail-digest-opening-team = Tomorrow, {$date}: {$sessions} stops, {$people} people expected.
mail-digest-opening-team-one = Tomorrow, {$date}: 1 stop, {$people} people expected.
mail-digest-subject-homes = {$date}: tomorrow {$visits} home visits, {$post}
mail-digest-opening-homes = Tomorrow, {$date}: {$people} people are visited at home.
mail-digest-opening-homes-one = Tomorrow, {$date}: 1 person is visited at home.
mail-digest-homes = Home visits tomorrow: {$people} people, leave at {$leaves}, back at {$back}
mail-digest-homes-one = Home visits tomorrow: 1 person, leave at {$leaves}, back at {$back}
mail-digest-homes-load = To load for them: {$vials} vials.
mail-digest-homes-load-one = To load for them: 1 vial.
mail-digest-address = Address and dose
mail-digest-none = No session is planned for tomorrow, {$date}: no vaccine to draw.
mail-digest-missed = The system was down: the notices of {$from} to {$to} were never sent.
mail-digest-missed-one = The system was down: the notice of {$from} was never sent.
mail-digest-please-report = Today's doses, {$date}, have not been reported yet: please report them this evening. The plan had {$planned} doses.
mail-digest-reported = Reported today, {$date}: {$reported} doses; the plan had {$planned}.
mail-digest-reported-share = Reported today, {$date}: {$reported} doses; the plan had {$planned} ({$percent}).
mail-digest-idle = Nothing was planned for today, {$date}, and no report has come. If doses were given, please report them.
mail-digest-today = Today
mail-digest-stop = Stop {$number}: {$place}
mail-digest-arrives = {$times}
mail-digest-tour = Tomorrow's tour
mail-digest-times = Time
mail-digest-place = Stop
mail-digest-load = Vaccine to load for all stops: {$doses} doses
mail-digest-load-one = Vaccine to load for all stops: {$doses} dose
mail-digest-in-vials = Vials
mail-digest-site = {$place}: {$people} people expected
mail-digest-site-one = {$place}: {$people} person expected
mail-digest-tomorrow = Tomorrow: {$people} people expected
mail-digest-tomorrow-one = Tomorrow: {$people} person expected
mail-digest-group = Group
mail-digest-dose = Dose
mail-digest-people = People
mail-digest-area-people = {$area} {$people}
mail-digest-lot = Lot to draw
mail-digest-draw = Doses
mail-digest-expires = Last day of use
mail-digest-until = lasts to {$day}
mail-digest-use-first = expires soon, use first
mail-digest-no-draw = No vaccine to draw for this session: use what you hold.
mail-digest-vials-lot = {$lot}: {$vials} vials of {$each}
mail-digest-vials-lot-one = {$lot}: {$vials} vial of {$each}
mail-digest-vials = Vials for this session: {$lots}. {$left} doses are left in open vials if everybody comes.
mail-digest-vials-one = Vials for this session: {$lots}. {$left} dose is left in an open vial if everybody comes.
mail-digest-vials-full = Vials for this session: {$lots}. Nothing is left in open vials if everybody comes.
mail-digest-late-after = After {$time}
mail-digest-late-hour = In the last hour
mail-digest-late-vial = {$when} open another vial of {$each} doses only if at least {$least} people wait for whom the open vial has no dose; about {$expected} more may still come.
mail-digest-late-vial-one = {$when} open another vial of {$each} doses for anybody who waits and for whom the open vial has no dose: each person counts for more than the doses left.
mail-digest-nearby = Due, living nearby and not expected yet ({$people} people)
mail-digest-nearby-one = Due, living nearby and not expected yet ({$people} person)
mail-digest-nearby-do = If doses are left in an open vial, phone them in this order and ask who can come at once.
mail-digest-list = Registered for this session ({$people} people)
mail-digest-list-one = Registered for this session ({$people} person)
mail-digest-name = Name
mail-digest-phone = Phone
mail-digest-for = Group and dose
mail-digest-absent = Did not come today ({$people} people)
mail-digest-absent-one = Did not come today ({$people} person)
mail-digest-absent-do = Please phone them, ask why, and offer the next session.

## Coordinator: the summary

mail-summary-subject = {$date}: {$percent} first dose, {$county}
mail-summary-subject-attention = {$date}: {$percent} first dose, {$count} to look at, {$county}
mail-summary-subject-count = {$date}: {$doses} doses, {$county}
mail-summary-subject-count-attention = {$date}: {$doses} doses, {$count} to look at, {$county}
mail-summary-subject-campaigns = {$date}: {$campaigns} campaigns, {$doses} doses that day, {$county}
mail-summary-subject-campaigns-attention = {$date}: {$campaigns} campaigns, {$doses} doses that day, {$count} to look at, {$county}
mail-summary-opening-campaigns = As of {$end}, {$county} has reported {$total} doses in total in {$campaigns} campaigns, {$today} of them on that day.
mail-summary-no-report = not reported
mail-summary-vaccine = Vaccine
mail-summary-title = {$county}: daily summary
mail-summary-opening = As of {$end}, {$county} has reported {$total} doses in total, {$today} of them on that day.
mail-summary-among = Among them:
mail-summary-row = {$group}: {$doses}.
mail-summary-dose = {$dose} {$people} people, coverage {$percent}
mail-summary-dose-count = {$dose} {$people} people
mail-summary-unreported = {$missing}/{$expected} not reported
mail-summary-unreported-note = Of {$expected} places at work on the day, {$missing} have not reported: {$names}. That is not zero; the figures above include only what was reported.
mail-summary-all-reported = All {$expected} places at work on the day have reported.
mail-summary-missed = The system was down: the summaries of {$from} to {$to} were never sent; their doses are included in these totals.
mail-summary-missed-one = The system was down: the summary of {$from} was never sent; its doses are included in these totals.
mail-summary-attention = Needs attention
mail-summary-nothing = Nothing needs attention.
mail-summary-groups = By group
mail-summary-group = Group
mail-summary-eligible = of {$people}
mail-summary-complete = Complete
mail-summary-today-plus = +{$people} new
mail-summary-over-100 = ▲ Over 100%: people from elsewhere, or an eligible count that is too low. The figure is not capped; please check the eligible count and its source.
mail-summary-no-denominator = — The eligible count is not known: people are counted, coverage is not.
mail-summary-exceeds = ※ The register has more doses than the daily reports; please check the reports.
mail-summary-drop-out = Drop-out from first to last dose: {$rows}.
mail-summary-group-share = {$group} {$percent}
mail-summary-valid = Only doses that count (age, interval, lot): {$rows}.
mail-summary-areas = By township
mail-summary-area = Township
mail-summary-first = First dose
mail-summary-area-today = Doses that day
mail-summary-total = Total
mail-summary-areas-note = Townships add up the groups whose eligible count is known.
mail-summary-progress = Plan and progress
mail-summary-progress-behind = As of {$end}: {$planned} doses planned, {$done} given, {$percent} of the plan, {$gap} behind.
mail-summary-progress-ahead = As of {$end}: {$planned} doses planned, {$done} given, {$percent} of the plan, {$gap} ahead.
mail-summary-progress-even = As of {$end}: {$planned} doses planned, {$done} given, exactly the plan.
mail-summary-progress-none = No plan has been adopted yet, so there is nothing to compare with.
mail-summary-progress-planned = Planned
mail-summary-progress-done = Given
mail-summary-progress-of = share of all {$total} planned doses
mail-summary-trend = Doses of the last {$days} days
mail-summary-day = Day
mail-summary-doses = Doses

## What needs attention, and what to do

mail-late-sites = Places without a report for the day ({$count}): {$names}
mail-late-sites-do = Please ask them. Coverage is updated when they report; not reported is not zero.
mail-no-plan = The campaign is running without an adopted plan
mail-no-plan-do = Make one on the page Plan of the dashboard and adopt it there (commands: doseplan plan make, doseplan plan adopt).
mail-behind-plan = {$gap} doses behind the plan ({$planned} planned, {$done} given)
mail-behind-plan-do = See the doses needed per day below; add sessions or a mobile team where the gap is widest.
mail-stock-low = Stock of {$stock} doses lasts less than three days ({$needed} needed)
mail-stock-low-do = Please order vaccine now, and keep the remaining doses for second doses first.
mail-lot-near-expiry = Doses left in lot {$lot}: {$left}, last day of use {$expires}
mail-lot-near-expiry-do = Use this lot first, or move it to a site that needs more.
mail-over-100 = {$area}, {$group}: {$dose} coverage {$percent}, over 100%
mail-over-100-do = People from elsewhere, or an eligible count that is too low. Please check the count and its source; the figure is not capped.
mail-invalid-doses = Doses that do not count (age or interval): {$count}
mail-invalid-doses-do = Please check the records; if a dose is really invalid, plan another one.
mail-persons-exceed-tally = {$place}, {$day}: more registered doses than reported
mail-persons-exceed-tally-do = Please have the site correct its report or its records.
mail-draft-waits = Draft plan {$plan} is waiting for your decision
mail-draft-waits-do = Look at it on the page Plan of the dashboard and adopt it there (commands: doseplan plan diff, doseplan plan adopt); until then the old plan stays in force.
mail-mail-in-doubt = Mails that may or may not have arrived: {$count}
mail-mail-in-doubt-do = Open it on the page Mail of the dashboard, ask the reader, then say whether it arrived (command: doseplan outbox resolve).
mail-no-address = Leads without an address ({$count}): {$names}
mail-no-address-do = Please fill in lead_email in sites.csv or teams.csv.

## People: reminders

## Changes

mail-amended-subject = Changed: {$date} {$post}
mail-amended-opening = The plan for {$date} is not as the last digest said. This mail counts.
mail-amended-sessions = Sessions
mail-amended-doses = {$place}: {$now} doses instead of {$before}
mail-amended-none = {$place}: no session; {$before} doses were planned
mail-amended-call = No mail reaches them, please phone ({$people})
mail-amended-left = No longer expected ({$people})
mail-amended-joined = Expected as well ({$people})
mail-change-subject = Plan mended: {$seats} doses moved, plan {$plan}
mail-change-subject-waits = Plan to adopt: {$seats} doses cannot be given as planned, draft {$plan}
mail-change-title = The plan has changed
mail-change-opening = {$date}: with what is known now, part of the plan in force cannot be kept:
mail-change-broken = From {$date} on: {$causes}. Places: {$places}.
mail-change-cause-closed = {$seats} doses on days when the place is closed
mail-change-cause-capacity = {$seats} doses above what the place can give
mail-change-cause-vaccine = {$seats} doses without vaccine
mail-change-cause-outside = {$seats} doses outside the campaign's days or places
mail-change-cause-staff = {$seats} doses for which people are missing
mail-change-did = Plan {$plan} is adopted: {$sessions} sessions changed; {$withdrawn} appointments withdrawn, {$assigned} made.
mail-change-would = Draft {$plan} changes {$sessions} sessions; {$withdrawn} appointments are withdrawn and are made anew when it is adopted.
mail-change-told = Whoever was told another day gets a mail; those whom no mail reaches stand on the leads' lists to be phoned.
mail-change-ask = Please look at the draft on the page Plan of the dashboard and adopt it there (command: doseplan plan adopt {$plan})
mail-change-doubtful = {$counts} doubtful counts are not confirmed, so draft {$plan} is not adopted by itself: confirm them first.

mail-reminder-subject-tomorrow = Tomorrow, {$date}: vaccination, {$place}
mail-reminder-subject-tomorrow-places = Tomorrow, {$date}: {$count} vaccinations
mail-reminder-subject-overdue = Your {$dose} is due: please come
mail-reminder-subject-overdue-more = {$count} vaccinations are due: please come
mail-reminder-changed = Your appointment for {$vaccine} has changed. This mail counts:
mail-reminder-subject-moved = Appointment moved: {$date}, {$place}
mail-reminder-subject-cancelled = Appointment cancelled: please do not come on {$date}
mail-reminder-subject-given = A place has become free: {$date}, {$place}
mail-reminder-subject-changes = {$count} changes of your appointments: please read
mail-reminder-free = You waited for a place for {$vaccine}, and one has become free. It is yours:
mail-reminder-given = {$date}. Place: {$place}
mail-reminder-was = {$date}, {$place}, is cancelled: {$reason}.
mail-reminder-was-time = Not at {$time}: {$reason}.
mail-reminder-now = Now: {$date}. Place: {$place}
mail-reminder-later = You will get another mail when there is a new day.
mail-reminder-reason-closed = the place is closed on that day or can give fewer doses
mail-reminder-reason-vaccine = the vaccine has not arrived
mail-reminder-reason-own = as you asked
mail-reminder-reason-over = the campaign ends earlier
mail-reminder-reason-plan = the plan was made anew
mail-reminder-reason-time = the place is open at other hours
mail-reminder-title = Vaccination reminder
mail-reminder-hello = Hello!
mail-reminder-tomorrow = Tomorrow, {$date}, is the day for {$vaccine}:
mail-reminder-overdue = It is time for {$vaccine}; please come soon:
mail-reminder-vaccine = {$vaccine}: {$dose}
mail-reminder-who = {$name}, {$dose}
mail-reminder-place = Place: {$place}
mail-reminder-slot = Time: from {$time}
mail-reminder-hours = Open {$hours}
mail-reminder-address = address: {$address}
mail-reminder-phone = phone: {$phone}
mail-reminder-answer = Confirm, move or cancel
mail-reminder-since = Should have been given by {$date}
mail-reminder-go = You can go to: {$places}
mail-reminder-ask = Please ask the contact below where to go.
mail-reminder-bring = Please bring an identity card. If you feel unwell, tell the doctor before the vaccination.
mail-reminder-done = If you have already been vaccinated, please ignore this mail.
mail-reminder-contact = If you cannot come or have a question: {$contact}
mail-reminder-contact-none = If you cannot come, or have a question, please ask your vaccination site.
mail-reminder-opt-out = No more reminders? Reply to this mail with the word STOP.
mail-reminder-opt-out-mail = Or write to {$desk}, with this subject: unsubscribe {$token}
mail-reminder-opt-out-page = No more reminders? One click on this page is enough:
mail-reminder-unsubscribe = Unsubscribe
mail-reminder-footer = {$campaign}. Sent by doseplan to the registered address.
leave-ask = Do you want to stop the reminders of this vaccination campaign?
leave-button = No more reminders
leave-done = You will get no more reminders of this campaign.
leave-unknown = This link does not belong to one of our mails; please reply to the mail instead.
leave-later = This did not work just now; please try again in a minute.

## Schools: their lists

mail-school-subject-visit = {$date}: vaccination list of {$school}
mail-school-subject-consent = {$date}: consent forms of {$school}
mail-school-subject-missed = {$date}: missed vaccinations of {$school}
mail-school-opening-visit = Attached is the list by class for the next visit: {$people} people, {$classes} classes.
mail-school-opening-consent = Attached is the form for what guardians answer: {$people} people.
mail-school-opening-missed = Attached is the list of those who missed a visit by {$date}: {$people} people.
mail-school-times = When each class is visited
mail-school-class = Class
mail-school-day = Day
mail-school-heading = What to do
mail-school-do-visit = Please give each class its sheet, see that the named pupils are at school on the day, and say who is ill or gone.
mail-school-do-consent = Please fill in what guardians answered and send the workbook back. A form that is not returned is no agreement.
mail-school-do-missed = Please tell the guardians, and fill in the last column when a dose was given elsewhere.
mail-school-private = The workbook names children: please do not pass it on, and put it into no group.
mail-school-ask = Questions: {$who}

## Staff: their days at work

mail-duties-subject = Your days at work: {$days} from {$date}
mail-duties-subject-one = Your day at work: {$date}
mail-duties-subject-changed = Your days at work have changed from {$date}
mail-duties-title = Days at work: {$name}
mail-duties-opening = You are on duty on {$days} days. The attached calendar has them, too.
mail-duties-opening-one = You are on duty on one day. The attached calendar has it, too.
mail-duties-none = You have no days at work in the published roster
mail-duties-changed = Changed since you were told last
mail-duties-days = Your days
mail-duties-day = Day
mail-duties-place = Place
mail-duties-role = Role
mail-duties-hours = Hours
mail-duties-was = Was
mail-duties-is = Is now
mail-duties-off = off
mail-duties-footer = Sent by doseplan. If you cannot come, tell your office at once.

## The chart

mail-chart-section = Plan and progress, cumulative doses
mail-chart-heading = {$county}, {$end}
mail-chart-unit = total doses
mail-chart-planned = Planned {$doses}
mail-chart-done = Given {$doses}
mail-chart-expected = Expected {$doses}
mail-chart-target = Needed for the target {$doses}
mail-chart-today = today
mail-chart-alt = Line chart: by {$end}, {$planned} doses planned and {$done} given, of {$total} planned in total.
mail-ten-thousands = {$number} ten thousands

## Attachments: the calendar and tomorrow's list

calendar-session = Vaccination, {$place}, {$doses} doses
calendar-cancelled = Cancelled: vaccination, {$place}
calendar-doses = {$group}, dose {$dose}: {$doses} people
list-people = People
list-expected = Expected
list-draw = To draw
list-place = Place
list-number = No.
list-name = Name
list-code = Code
list-phone = Phone
list-group = Group
list-dose = Dose
list-came = Came
list-note = Note
list-area = Area
list-lot = Lot
list-product = Vaccine
list-doses = Doses
list-vials = Vials
list-expires = Last day of use

## Copies

mail-copy-mark = copy
mail-copy = A copy for review. The mail itself goes to {$reader}.

## Command line

digest-page = the page is in {$path}
digest-no-browser = no browser was found; please open the file yourself
digest-how-many = The digests of {$day} go to {$readers} readers. Type that number to send them:
digest-all-queued = {$new} mails queued, {$sent} sent; {$silent} leads have no address
digest-groups-told = Groups that have their card already and get none again: {$groups}. `doseplan digest resend` posts a card once more.
doctor-font = charts are drawn with {$family}
doctor-font-bad = charts cannot be drawn, so summaries go without them: {$said}
fail-no-part = mail {$id} has no such part
fail-no-post = there is no site or team {$post}; give its code, or summary
fail-no-address = {$post} has no e-mail address in the campaign's files
fail-not-asked = use --readers {$readers} to confirm without being asked
fail-readers = {$said} is not the number of readers ({$readers}): nothing was queued
mail-audit-head = Audit log: {$head}.
mail-doubtful = Counts that cannot be right ({$count})
mail-doubtful-do = They count nowhere, and no plan is adopted by itself, until somebody corrects them or confirms them with doseplan tallies confirm.
mail-doubtful-over-capacity = record {$record}, {$place}, {$day}: {$doses} doses; the place can give {$than}
mail-doubtful-day-over-capacity = record {$record}, {$place}, {$day}: {$doses} doses; with it the day far exceeds {$than}
mail-doubtful-unusual = record {$record}, {$place}, {$day}: {$doses} doses; its busiest day had {$than}
mail-doubtful-twice = record {$record}, {$place}, {$day}: {$doses} doses, which another record has already
calendar-duty = Duty: {$place}, {$role}
