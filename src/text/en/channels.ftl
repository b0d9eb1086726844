# Templates of text messages, as they are registered with the vendor. No two variables stand side by side.
sms-tomorrow = Dear {$name}, your vaccination is on {$time} at {$site}. Please bring your vaccination record.
sms-code = Your code for the vaccination booking page is {$code}. It is valid for 10 minutes. Tell it to nobody.
sms-moved = Dear {$name}, your vaccination is now on {$time} at {$site}. Please bring your vaccination record.
sms-cancelled = Dear {$name}, the vaccination on {$time} at {$site} is cancelled. You will be told the new day.
sms-overdue = Dear {$name}, a dose of yours is due. Please go to {$site} soon.
sms-test = Dear {$name}, this is a test of {$time} from {$site}. No need to answer.
sms-somebody = reader
sms-name-sample = Alexander
sms-site-sample = Northgate
# Robots in group chats
card-summary-title = {$campaign}, {$date}
card-summary-title-several = Summary of {$date}, {$campaigns} campaigns
card-digest-title = {$campaign}: sessions of {$date}
card-digest-figure = {$places} places, {$doses} doses expected
card-part = {$campaign}: {$figure}
card-digest-place = {$place}: {$doses} doses
card-digest-rest = {$count} more places on the page
card-digest-title-several = Sessions of {$date}, {$campaigns} campaigns
card-alarm-title = {$campaign} needs attention
card-alarm-title-several = {$count} things need attention
card-alarm-title-all = Sending needs attention
card-more = {$count} more on the page
card-open = Open the page
card-test-title = doseplan test
card-test-figure = The robot "{$name}" can post
