#!/bin/sh
# make layers finds a planted violation of every rule, and nothing in the tree as it is.
set -eu
cd "$(dirname "$0")/.."
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
cp -R Makefile common proto services tests "$copy"
cd "$copy"
layers() { make -s layers BUILD="$copy/build"; }

layers || { echo "The tree itself breaks a rule."; exit 1; }
while read -r file include; do
    mkdir -p "${file%/*}"
    echo "$include" >"$file"
    if layers >found 2>&1; then
        echo "Not found: $include in $file"
        exit 1
    fi
    grep -q "^$file:1:" found
    rm "$file"
done <<'PLANTED'
common/planted.c #include "proto/message.h"
common/planted.h #include "services/intake/intake.h"
proto/planted.c #include "services/intake/intake.h"
services/intake/planted.c #include "services/scheduler/step.h"
services/scheduler/records/planted.c #include "services/notifier/smtp.h"
services/scheduler/records/planted.c #include "person.h"
services/scheduler/records/planted.c #include "../step.h"
services/notifier/planted.c #include "tests/harness/house.h"
services/intake/planted.c #include <uv.h>
services/intake/planted.c #include <zmq.h>
services/scheduler/planted.c #include <lmdb.h>
services/scheduler/planted.c #include <libical/ical.h>
services/cirkel/planted.c #include <microhttpd.h>
services/notifier/planted.c #include <curl/curl.h>
PLANTED
layers
