### doseplan forecast: histories evaluated, next doses forecast.

forecast-unknown-code = line { $row }: the rules do not know { $code }; nothing is said about it (told once per code)
forecast-unreadable = the line cannot be read ({ $reason })
forecast-missing = { $key } is missing
forecast-bad-date = { $key }: “{ $value }” is no day of the calendar; write it as 2021-10-20
forecast-bad-sex = “{ $value }” is no sex; write F, M or U
forecast-before-birth = dose { $dose } lies before birth
forecast-after-as-of = dose { $dose } lies after as_of, the day of the forecast
forecast-not-born = the birth lies after as_of, the day of the forecast
forecast-no-vaccine = dose { $dose } has neither cvx nor vaccine
forecast-too-many-doses = more than 1000 records of one person
