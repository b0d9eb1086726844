# Why something cannot be, and what to do.

refused-account-name = "{ $name }" cannot be an account name: use up to 40 letters, digits and . _ - @
refused-account-there = there is already an account "{ $name }"; change its password, or remove it first
refused-address = { $said }
refused-clocks = this machine's clock is { $seconds } s off the database's; nothing is done here until one of them is corrected
refused-draft-faults = draft { $no } no longer fits what is known now ({ $count } violations, first: { $first }); make a new one with `doseplan plan make`
refused-draft-old = draft { $no } starts on { $from }, but today is { $day }; make a new one with `doseplan plan make`
refused-errors-file = the errors file { $path } cannot be written ({ $said }); the good rows are stored. Make it writable and import the same file again to see the others
refused-errors-row = the errors file cannot be written: { $said }
refused-file-there = { $file } already exists; choose another file, or overwrite it with --force
refused-form = there is no such form
refused-from = {"["}mail] from: { $said }
refused-hash = the password cannot be hashed: { $said }
refused-held = { $said }; if no other copy sends mail, `{ $remedy }` makes this one the sender
refused-in-doubt = mail { $id } may have arrived; say whether it did with `doseplan outbox resolve`
refused-in-use = { $file } exists beside it, so this is a database in use, not a backup; make one with `doseplan --db { $address } backup FILE`
refused-installation = the installation's row cannot be read
refused-log-beside = { $log } lies beside { $file }: a database of that name is in use or was not closed; choose another file, or look into it with doseplan db check
refused-no-file = { $file } is not a file; a pipe or folder cannot be restored, save the backup in a file first
refused-itself = { $file } is the database itself; name another file
refused-job = there is no job "{ $job }"; jobs are { $known }
refused-kept-there = { $file } exists from an earlier restore; move it away first
refused-lead-places = a lead needs sites or teams to lead, for example S01 T1
refused-letter = { $said }
refused-list = the list cannot be written: { $said }
refused-migration = the database is at migration { $has }, this program at { $knows }; restart the daemon with the newest doseplan
refused-never-written = mail { $id } was never written, because no mail can be sent to its address
refused-no-account = there is no account "{ $name }"; `doseplan account list` shows all
refused-no-campaign = there is no campaign yet; `doseplan campaign apply FOLDER` stores one
refused-no-catch-up = campaign { $campaign } asks for one series; a catch-up campaign has series = "catch-up" in its campaign.toml
refused-no-draft = there is no draft; `doseplan plan make` makes one
refused-no-draft-but = plan { $no } is { $state }, and only a draft can be adopted; `doseplan plan make` makes one
refused-no-host = {"["}mail] transport = "smtp" needs host
refused-no-mail = there is no mail { $id }; `doseplan digest history` shows all
refused-no-plan = there is no plan { $no }; `doseplan plan list` shows all
refused-not-daily = mail { $id } is not a daily mail; only those can be sent once more
refused-not-empty = the target already has rows (table { $table }); use an empty database
refused-not-left = mail { $id } has not been sent yet; `doseplan outbox drain` sends what is queued
refused-own-account = you cannot remove your own account; another admin can
refused-password = a password has at least { $least } characters and at most 200 bytes
refused-password-file = {"["}mail] password_file { $path }: { $said }
refused-reading = reading stopped: { $said }
refused-role = there is no such role
refused-rules = the dose rules of campaign { $campaign } cannot be used; apply it again with another series: { $said }
refused-same-database = the database is already there
refused-scope = { $name } is a { $role }, which does not allow { $scope }
refused-several-roots = the campaign has several top areas; choose one with --area
refused-token-name = a token name has up to 40 letters, digits and . _ - @
refused-twice = the same request was already made at this very moment
refused-unknown-campaign = there is no campaign "{ $wanted }"; known: { $known }
refused-vacant = { $file } { $why }; with --force it is kept as { $file }.before-restore
refused-way-out = {"["}mail] unsubscribe or from: { $said }
refused-which-campaign = there are several campaigns ({ $known }); choose one with --campaign ID

## Why somebody may not: `domain/permission` decides.
denied-role = the role { $role } may not do this
denied-scope = this token is not good for { $scope }
denied-place = { $place } is not one of this account's places
denied-stop = on { $day } the plan in force sends { $teams } to the stop { $place }, and no team of this account
denied-stop-unplanned = on { $day } the plan in force sends no team of this account to the stop { $place }
refused-too-many = too many of your requests are waiting; ask again when they are answered
refused-weak-password = this password is among the first that are tried: it is a common word, row of keys, date or the account's name; take several unrelated words
refused-unknown-place = there is no site, stop or team "{ $code }" in any campaign; `doseplan campaign list` and the campaign's files have the codes
refused-which-place = "{ $code }" is a place of several campaigns; say which: { $known }
