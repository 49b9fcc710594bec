#!/bin/sh
# Loads the Open University example (six CSV files) into a database of its own, with its own table and column names.
#
#   load.sh FOLDER FILE.db                          into SQLite
#   load.sh FOLDER "host=... dbname=... user=..."   into PostgreSQL (anything with "=" or "://" is a connection)
#
# Running it again replaces the tables in one transaction; a reader sees the old ones or the new ones.
set -eu

usage() { sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 2; }
[ $# -eq 2 ] || usage
target=$2
[ -d "$1" ] || { echo "load.sh: no folder $1" >&2; exit 2; }
folder=$(cd "$1" && pwd)
case $folder in *[\"\'\\]*) echo "load.sh: the folder's name must not contain quotes or backslashes" >&2; exit 2 ;; esac
for file in accounts.csv subscriptions.csv usage_daily.csv.gz promises.csv deliveries.csv outcome_truth.csv; do
    [ -r "$folder/$file" ] || { echo "load.sh: $folder/$file is missing" >&2; exit 2; }
done

# Both backends get the same tables; only the word for a number with a fraction differs. SQLite's NUMERIC and
# PostgreSQL's double precision print 88.0 alike, so both give the same rows as text.
tables() {
    fraction=$1
    cat <<SQL
DROP TABLE IF EXISTS accounts; DROP TABLE IF EXISTS subscriptions; DROP TABLE IF EXISTS usage_daily;
DROP TABLE IF EXISTS promises; DROP TABLE IF EXISTS deliveries; DROP TABLE IF EXISTS outcome_truth;
CREATE TABLE accounts (account_id INTEGER PRIMARY KEY, segment TEXT NOT NULL, cohort TEXT NOT NULL, person_id INTEGER,
                       prior_terms INTEGER, size_units INTEGER);
CREATE TABLE subscriptions (account_id INTEGER PRIMARY KEY, signed_date DATE NOT NULL, start_date DATE NOT NULL,
                            renewal_date DATE NOT NULL, cancelled_date DATE);
CREATE TABLE usage_daily (account_id INTEGER NOT NULL, date DATE NOT NULL, clicks INTEGER NOT NULL, sites INTEGER,
                          content INTEGER, social INTEGER, quiz INTEGER);
CREATE TABLE promises (promise_id INTEGER PRIMARY KEY, segment TEXT NOT NULL, cohort TEXT NOT NULL, kind TEXT,
                       due_date DATE NOT NULL, weight $fraction NOT NULL);
CREATE TABLE deliveries (account_id INTEGER NOT NULL, promise_id INTEGER NOT NULL, delivered_date DATE NOT NULL,
                         carried_over INTEGER NOT NULL, quality_score $fraction, PRIMARY KEY (account_id, promise_id));
CREATE TABLE outcome_truth (account_id INTEGER PRIMARY KEY, final_result TEXT);
SQL
}

indexes() {
    cat <<SQL
CREATE INDEX usage_by_date ON usage_daily (date);
CREATE INDEX deliveries_by_date ON deliveries (delivered_date);
CREATE INDEX subscriptions_by_signed ON subscriptions (signed_date);
SQL
}

into_sqlite() {
    {
        echo ".bail on"
        echo "BEGIN;"
        tables NUMERIC
        for table in accounts subscriptions promises deliveries outcome_truth; do
            echo ".import --csv --skip 1 \"$folder/$table.csv\" $table"
        done
        echo ".import --csv --skip 1 \"|gzip -dc '$folder/usage_daily.csv.gz'\" usage_daily"
        # The shell imports an empty cell as an empty text; here it means "nothing".
        echo "UPDATE subscriptions SET cancelled_date = NULL WHERE cancelled_date = '';"
        echo "UPDATE deliveries SET quality_score = NULL WHERE quality_score = '';"
        indexes
        echo "COMMIT;"
        echo "ANALYZE;"
    } | sqlite3 "$target"
}

into_postgresql() {
    {
        tables "DOUBLE PRECISION"
        for table in accounts subscriptions promises deliveries outcome_truth; do
            printf '%s\n' "\\copy $table FROM '$folder/$table.csv' CSV HEADER"   # echo would read "\\c" as "stop"
        done
        printf '%s\n' "\\copy usage_daily FROM PROGRAM 'gzip -dc \"$folder/usage_daily.csv.gz\"' CSV HEADER"
        indexes
    } | PGOPTIONS="-c client_min_messages=warning" psql -X -q -1 -v ON_ERROR_STOP=1 -d "$target" -f -
    psql -X -q -d "$target" -c "ANALYZE accounts, subscriptions, usage_daily, promises, deliveries"
}

case $target in
    *=*|*://*) into_postgresql ;;
    *) into_sqlite ;;
esac
