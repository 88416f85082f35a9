#!/usr/bin/env bash
# The API with curl. Needs CK_KEY; CK_BASE_URL defaults to the address of `npm start`.
set -euo pipefail

base="${CK_BASE_URL:-http://127.0.0.1:8787/api/v1}"
auth="Authorization: Bearer ${CK_KEY:?Set CK_KEY to an API key}"
json="Content-Type: application/json"

echo "== A model of the catalogue"
curl -fsS "$base/models/claude" -H "$auth"

echo; echo "== A completion, with the headers that say what served it"
curl -fsSi "$base/chat/completions" -H "$auth" -H "$json" \
  -d '{"model":"gpt","messages":[{"role":"user","content":"Hello"}]}'

echo; echo "== A stream, with a fallback in case the first model fails"
curl -fsSN "$base/chat/completions" -H "$auth" -H "$json" \
  -d '{"model":"gpt","fallback":["claude"],"stream":true,"messages":[{"role":"user","content":"Hello"}]}'

echo "== An error: the status is 400, and the body says what is wrong"
curl -sS "$base/chat/completions" -H "$auth" -H "$json" -d '{"model":"no-such-model","messages":[{"role":"user","content":"Hello"}]}'
echo
