#!/usr/bin/env bash
# Three PostgreSQL servers under Patroni, three daemons, some thousand mails; the leader is killed with -9 while they
# are sent. Nothing is lost, nothing comes twice, and mail goes on within 30 s. About two minutes.
#   tests/failover.sh [PROGRAM]      default: target/debug/doseplan; MAILS=3000
# Needs the shared tools (DOSEPLAN_SHARED, default ../shared) and
#   apt-get install -y --no-install-recommends postgresql patroni etcd-server etcd-client haproxy python3
set -euo pipefail
cd "$(dirname "$0")/.."
program=$(realpath "${1:-target/debug/doseplan}")
tools=$(realpath "${DOSEPLAN_SHARED:-../shared}/tools")
mails=${MAILS:-3000}
dir=$(mktemp -d)
chmod 711 "$dir"
pids=()
end() {
    [ "${#pids[@]}" -eq 0 ] || kill "${pids[@]}" 2> /dev/null || true
    bash "$tools/patroni_three.sh" stop "$dir/pg" > /dev/null 2>&1 || true
    rm -rf "$dir"
}
trap end EXIT
say() { printf '%s  %s\n' "$(date +%T)" "$*"; }

say "three servers under Patroni"
url=$(bash "$tools/patroni_three.sh" start "$dir/pg" | tail -1)
mkfifo "$dir/port"
python3 "$tools/smtp_fault_server.py" --dir "$dir/mail" > "$dir/port" 2> /dev/null &
pids+=($!)
read -r port < "$dir/port"

mkdir "$dir/campaign"
cd "$dir"
today=$(date +%F); start=$(date -d "$today + 1 day" +%F); last=$(date -d "$today + 50 days" +%F)
cat > campaign/campaign.toml << T
id = "failover"
name = "故障转移"
timezone = "UTC"
start = $start
end = $last
series = "covid19-inactivated"
[[groups]]
id = "senior"
name = "60岁及以上"
min_age = "60 years"
T
printf 'area,name,parent\n001,县,\nA,甲镇,001\n' > campaign/areas.csv
printf 'area,group,people\nA,senior,%s\n' "$mails" > campaign/eligible.csv
printf 'site,name,area,weekday_doses,saturday_doses,sunday_doses\nS1,卫生院,A,%s,%s,%s\n' "$mails" "$mails" "$mails" > campaign/sites.csv
printf 'lot,product,date,doses,expires\nL,v,%s,%s,%s\n' "$today" "$((mails * 2))" "$(date -d "$today + 300 days" +%F)" > campaign/deliveries.csv
{ echo 'person,area,born,sex,email'; seq 1 "$mails" | sed 's/.*/p&,A,1950-01-01,F,p&@home.example/'; } > persons.csv
cat > doseplan.toml << T
db = "$url"
[mail]
from = "cdc@small.example"
transport = "smtp"
host = "127.0.0.1"
port = $port
tls = "none"
per_minute = 4000
[reminders]
quiet_hours = "00:00-00:00"
T
export LC_ALL=C.UTF-8
"$program" campaign apply campaign > /dev/null
"$program" persons import persons.csv > /dev/null
"$program" plan make --from "$start" > /dev/null 2>&1
"$program" plan adopt > /dev/null
"$program" job run reminders 2> /dev/null
say "$mails mails decided; three daemons send them"
for n in 1 2 3; do
    "$program" daemon > /dev/null 2> "daemon$n.log" &
    pids+=($!)
done
arrived() { if [ -f mail/index.ndjson ]; then wc -l < mail/index.ndjson; else echo 0; fi; }
wait_for() { # SECONDS COUNT
    for _ in $(seq 1 $(($1 * 10))); do [ "$(arrived)" -ge "$2" ] && return 0; sleep 0.1; done
    echo "only $(arrived) of $2 arrived within $1 s" >&2; tail -3 daemon*.log >&2; return 1
}
wait_for 60 $((mails / 6))
before=$(arrived); since=$(date +%s)
writable=$(bash "$tools/patroni_three.sh" kill-leader "$dir/pg" | tail -1)
wait_for 60 $(($(arrived) + 5))
back=$(($(date +%s) - since))
say "leader killed after $before mails; $writable; mail goes on after $back s"
bash "$tools/patroni_three.sh" rejoin "$dir/pg" > /dev/null
wait_for 120 $((mails - 12))
for _ in $(seq 1 100); do
    "$program" outbox list -o json > list.json
    left=$(python3 -c 'import json; print(sum(m["state"] in ("queued", "sending") for m in json.load(open("list.json"))))')
    [ "$left" = 0 ] && break
    sleep 0.5
done
python3 - "$mails" "$back" << 'P'
import collections, json, sys
arrived = collections.Counter(json.loads(line)["message_id"].strip("<>") for line in open("mail/index.ndjson"))
mails = {m["message_id"]: m["state"] for m in json.load(open("list.json"))}
doubt = [i for i, s in mails.items() if s == "in_doubt"]
double = [i for i, n in arrived.items() if n > 1]
lost = [i for i, s in mails.items() if s == "sent" and i not in arrived]
unsaid = [i for i in arrived if mails.get(i) not in ("sent", "in_doubt")]
waiting = [i for i, s in mails.items() if s not in ("sent", "in_doubt")]
print(f"decided {len(mails)} · arrived {len(arrived)} · double {len(double)} · lost {len(lost)} · "
      f"arrived but not said {len(unsaid)} · in doubt {len(doubt)} · not sent {len(waiting)}")
ok = len(mails) == int(sys.argv[1]) and not (double or lost or unsaid or waiting) and int(sys.argv[2]) <= 30
sys.exit(0 if ok else 1)
P
say "nothing lost, nothing double"
