#!/usr/bin/env bash
# Runs once, when the database container makes its cluster: the log-in of the pipeline, and the database of Dagster's records.
# The password goes through psql's \password, which sends it hashed: no statement and no log of the server holds it.
set -euo pipefail
owner=(psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB")
login=safer_login
"${owner[@]}" --command "CREATE ROLE $login LOGIN"
password=$(cat "${SAFER_LOGIN_PASSWORD_FILE:-/run/secrets/db_login_password}")
printf '%s\n%s\n' "$password" "$password" | setsid --wait "${owner[@]}" --command "\\password $login" >/dev/null 2>&1
"${owner[@]}" --command "CREATE DATABASE dagster OWNER $login"
"${owner[@]}" --command "REVOKE ALL ON DATABASE dagster FROM PUBLIC"
# The pipeline may fill an empty warehouse at once; safer-outcomes grants narrows everyone else's rights.
"${owner[@]}" --command "CREATE ROLE ${POSTGRES_DB}_pipeline NOLOGIN"
"${owner[@]}" --command "GRANT ${POSTGRES_DB}_pipeline TO $login"
"${owner[@]}" --command "GRANT CREATE, USAGE ON SCHEMA public TO ${POSTGRES_DB}_pipeline"
"${owner[@]}" --command "CREATE SCHEMA published AUTHORIZATION ${POSTGRES_DB}_pipeline"
