import type { StreamFacts } from "#core/dialects/dialect.ts";
import { responsesDialect } from "#core/dialects/responses/dialect.ts";
import { toGatewayError } from "#core/errors.ts";
import { parseWith } from "#core/http/parse-with.ts";
import { type ResponsesRequest, responsesRequestSchema } from "#core/schemas/responses.ts";

/** What an answer is made of, for a request with these fields. */
export const facts = (fields: object): StreamFacts<ResponsesRequest> => {
  const body = parseWith(responsesRequestSchema, { model: "asked-model", input: "Hello", ...fields });
  return {
    requestId: "req_0198d0de-0000-7000-8000-000000000000",
    startedAtMs: 1_795_000_000_123,
    body,
    request: responsesDialect.toChat(body, {}).request,
    fail: toGatewayError,
  };
};
