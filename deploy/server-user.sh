#!/bin/sh
# The database's image runs this once, when the volume is empty. It makes the user of the server, who may only take the
# roles of the engine. The migrations find these roles.
set -eu
psql --set=ON_ERROR_STOP=1 --set=password="$ENGINE_PASSWORD" --username="$POSTGRES_USER" --dbname="$POSTGRES_DB" <<'SQL'
CREATE ROLE infin8_app NOLOGIN;
CREATE ROLE infin8_sweeper NOLOGIN;
CREATE ROLE infin8_booker NOLOGIN;
CREATE ROLE engine LOGIN IN ROLE infin8_app, infin8_sweeper, infin8_booker PASSWORD :'password';
SQL
