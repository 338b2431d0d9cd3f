#!/bin/sh
# Proves that a backup can be restored: puts a dump into an empty database of its own, and lets ic-idp doctor unseal every key
# there with the master key from its own backup. Nothing here reaches the real database. Run it after each change of how
# backups are made, and every few months.
#
#   createdb ic_idp_drill
#   MASTER_KEY=file:/path/to/the/backup/of/the/key deploy/restore-drill.sh ic-idp.dump postgres://user:password@host/ic_idp_drill
#   dropdb ic_idp_drill
#
# pg_restore must be of the version of the server or later. PUBLIC_URL must be the installation's.
set -eu

if [ $# -ne 2 ] || [ -z "${MASTER_KEY:-}" ]; then
  echo "Usage: MASTER_KEY=... PUBLIC_URL=... $0 <dump> <URL of an empty database>" >&2
  exit 2
fi
dump=$1
database=$2
ic_idp=${IC_IDP:-$(dirname "$0")/../ic-idp}

# All or nothing, and not over tables that exist: the URL of the real database does no harm.
pg_restore --exit-on-error --single-transaction --no-owner --no-privileges --dbname="$database" "$dump"
export DATABASE_URL="$database"
"$ic_idp" doctor
echo "The newest events of the backup:"
"$ic_idp" audit --limit 3
