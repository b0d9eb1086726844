### doseplan forecast: histories evaluated, next doses forecast.

forecast-unknown-code = line { $row }: the rules do not know { $code }, so nothing is said about it (shown once per code)
forecast-unreadable = the line cannot be read ({ $reason })
forecast-missing = { $key } is missing
forecast-bad-date = { $key }: “{ $value }” is not a valid date; write it as 2021-10-20
forecast-bad-sex = “{ $value }” is not a sex; write F, M or U
forecast-before-birth = dose { $dose } is before birth
forecast-after-as-of = dose { $dose } is after the day of the forecast, { $as_of }, and counts for nothing; correct its date, or as_of
forecast-not-born = the birth is after as_of, the day of the forecast
forecast-no-vaccine = dose { $dose } has neither cvx nor vaccine
forecast-too-many-doses = more than 1000 records for one person

# why: doses given
why-since-dose = dose { $number }
why-since-other = the dose of { $date }
why-since-event = the event of { $date }
why-series-complete = the series was complete; this dose was not needed
why-expired = the vaccine was expired, recalled or damaged; repeat the dose
why-inadvertent = given by mistake: this vaccine is not for dose { $number }; not valid
why-too-young = younger than { $age }; valid from { $first }; not valid
why-grace-age = younger than { $age }, but within the grace period; valid
why-too-old = { $age } or older: too old for this dose
why-too-soon = dose { $number } came { $days } days after { $since }, shortest interval { $wait }; not valid
why-too-soon-grace = dose { $number } came { $days } days after { $since }, shortest interval { $wait } ({ $grace } with grace); not valid
why-grace-interval = dose { $number } came { $days } days after { $since }, shortest interval { $wait }, within the grace period; valid
why-too-late = dose { $number } came { $days } days after { $since }, longest interval { $wait }; not valid
why-too-late-counts = dose { $number } came { $days } days after { $since }, more than the longest interval { $wait }; it counts
why-conflict = { $days } days after { $vaccine } of { $date }; valid from { $first }; not valid
why-vaccine-age = this vaccine is not for this age; not valid
why-manufacturer = not the product required for dose { $number }; not valid
why-vaccine = this vaccine is not for dose { $number }; not valid

# why: days of the next dose
why-earliest = earliest { $date }: { $why }
why-recommended = recommended { $date }: { $why }
why-past-due = overdue after { $date }: { $why }
why-latest = latest { $date }: { $why }
why-day-age = age { $age }
why-day-born = birth
why-day-interval = { $wait } after { $since }
why-day-conflict = interval to { $vaccine } of { $date }
why-day-season = start of the season
why-day-latest-dose = not before the latest dose
why-complete = the series is complete
why-immune = immune
why-contraindicated = contraindicated
why-aged-out = too old
why-not-recommended = not needed for now

# lengths of time
why-day = { $count } day
why-days = { $count } days
why-month = { $count } month
why-months = { $count } months
why-year = { $count } year
why-years = { $count } years
why-age-year = { $count } year
why-age-years = { $count } years
why-plus = { $months } plus { $days }
why-minus = { $months } minus { $days }
