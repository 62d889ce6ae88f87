#!/usr/bin/env bash
# Holds the answers of the running service against its own description, by a tool that others wrote.
#
#     bash tests/api/schemathesis.sh BINARY TOOL
#
# BINARY is `stream-manager`, TOOL is `schemathesis`.

set -euo pipefail
binary=$(realpath "$1")
tool=$(realpath "$2")
scene=$(realpath "$(dirname "$0")/scene.json")

folder=$(mktemp -d)
service=
end() {
    [ -z "$service" ] || kill "$service" 2>/dev/null || true
    [ -z "$service" ] || wait "$service" 2>/dev/null || true
    rm -rf "$folder"
}
trap end EXIT
cd "$folder"

PORT=0 WS_PORT=0 METRICS_PORT=0 HEALTH_PORT=0 SCENE=$scene STREAM_RESOLUTION=320x180 TARGET_FPS=10 RATE_LIMIT=1000000 \
    "$binary" serve 2>log &
service=$!
until url=$(grep -o 'the API listens on http://127.0.0.1:[0-9]*' log | grep -o 'http.*'); do
    kill -0 "$service" || { cat log >&2; exit 1; }
    sleep 0.1
done

checks=not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance
# Edits with their examples; reads, of which many take nothing that an example could be of, with whatever they take.
"$tool" run "$url/api/openapi.json" --url "$url" --phases examples --exclude-path /ws --checks $checks
"$tool" run "$url/api/openapi.json" --url "$url" --phases fuzzing --max-examples 5 --include-method GET --exclude-path /ws \
    --checks $checks
