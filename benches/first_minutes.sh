#!/usr/bin/env bash
# A newcomer's first minutes, on a clean clone: CPU and wall time of the release build, time until the dashboard of
# `demo` shows its first page to somebody who has signed in, time of the replay, and whether it ends with the city's
# figures. Compare two commits in one run, as only the ratio counts on a machine that is busy or slow:
#   benches/first_minutes.sh [COMMIT …]      default: HEAD
# Needs git, curl and GNU time; the crates must have been downloaded (cargo fetch).
set -euo pipefail
repository=$(cd "$(dirname "$0")/.." && pwd)
[ $# -gt 0 ] || set -- HEAD
work=$(mktemp -d)
pid=""
end() {
    [ -z "$pid" ] || kill "$pid" 2> /dev/null || true
    rm -rf "$work"
}
trap end EXIT
now() { date +%s.%N; }
since() { awk -v a="$1" -v b="$(now)" 'BEGIN { printf "%.1f", b - a }'; }

for commit in "$@"; do
    clone="$work/clone"
    rm -rf "$clone"
    git clone -q "$repository" "$clone"
    git -C "$clone" checkout -q "$(git -C "$repository" rev-parse "$commit")"
    cd "$clone"
    /usr/bin/time -o "$work/time" -f '%U %S %e' cargo build --release --locked 2> "$work/build.log"
    awk -v c="$commit" '{ printf "%s  build: %.0f CPU s, %.0f s wall\n", c, $1 + $2, $3 }' "$work/time"

    start=$(now)
    target/release/doseplan --lang en demo --dir "$work/demo" > "$work/out" 2> "$work/err" &
    pid=$!
    line=""
    until [ -n "$line" ]; do
        kill -0 "$pid" || { cat "$work/err" >&2; exit 1; }
        line=$(grep -ao 'Dashboard: .*' "$work/err" | head -1 || true)
        sleep 0.1
    done
    address=$(sed -E 's/Dashboard: ([^ ]*) .*/\1/' <<< "$line")
    password=$(sed -E 's/.*password (.*)/\1/' <<< "$line")
    until curl -sf -c "$work/jar" -o /dev/null --data-urlencode "name=demo" --data-urlencode "password=$password" \
        "${address}login"; do sleep 0.1; done
    until curl -sfL -b "$work/jar" -o "$work/page" "$address" && grep -q '<main' "$work/page"; do sleep 0.1; done
    echo "$commit  first page of the dashboard: $(since "$start") s after the start"
    until grep -aq 'doses given; mails' "$work/err"; do kill -0 "$pid"; sleep 0.2; done
    echo "$commit  replay ended: $(since "$start") s after the start"
    awk -v c="$commit" '{ printf "%s  replay: %.0f CPU s\n", c, ($14 + $15) / 100 }' "/proc/$pid/stat"
    grep -a 'doses given; mails' "$work/err"
    kill "$pid"
    wait "$pid" || true
    pid=""
    rm -rf "$work/demo"
    cd "$repository"
done
