#!/bin/sh
# Appends the audit events that are new since the last run to a file, as one line of JSON each, oldest first. A log agent
# (Vector, Fluent Bit, Filebeat, ...) follows the file. ic-idp-audit-ship.timer runs this every minute.
#
# No event is left out, and none comes twice, also if a run is cut off at any point: the end of the file says what was
# written. Only a file that is rotated away between such a cut and the next run repeats events; "id" tells them apart.
# Rotate it by renaming. After restoring a backup, write the ID of its newest event into the state file: later IDs are
# given again.
set -eu

file=${AUDIT_FILE:-/var/log/ic-idp/audit.jsonl}
state=${AUDIT_STATE:-/var/lib/ic-idp/audit-shipped}
ic_idp=${IC_IDP:-/opt/ic-idp/ic-idp}

page=1000

umask 077
# Programs that this starts keep the lock while they write.
exec 9>>"$state.lock"
flock --nonblock 9 || exit 0

last_id() {
  tail -n 1 "$file" | sed -n 's/^{"id":\([0-9]*\),.*}$/\1/p'
}

# Takes over what the file knows: more than the state after a run that was cut off, less after the file was rotated.
save() {
  last=$(last_id)
  [ "${last:-0}" -gt "$after" ] || return 0
  sync "$file"
  echo "$last" >"$state.new"
  sync "$state.new"
  mv "$state.new" "$state"
  after=$last
}

touch "$file"
# What a run that was cut off has left of a line.
if [ -s "$file" ] && [ "$(tail -c 1 "$file" | wc -l)" -eq 0 ]; then
  truncate --size="-$(tail -n 1 "$file" | wc -c)" "$file"
fi

after=0
if [ -s "$state" ]; then after=$(cat "$state"); fi
save
lines=$page
while [ "$lines" -eq "$page" ]; do
  size=$(wc -c <"$file")
  "$ic_idp" audit --json-lines --after "$after" --limit "$page" >>"$file"
  lines=$(tail -c "+$((size + 1))" "$file" | wc -l)
  save
done
