import { describe, expect, it } from "vitest";
import { messagesWire } from "#core/dialects/messages/wire.ts";
import { failureToError, singleCall } from "#core/generation/failure-to-error.ts";
import { failureFromResponse } from "#core/providers/anthropic/errors.ts";

const answerTo = (status: number, type: string, message: string, byok: boolean, headers = {}) => {
  const body = JSON.stringify({ type: "error", error: { type, message }, request_id: "req_theirs" });
  const error = failureToError(failureFromResponse(status, body, headers), singleCall(byok));
  return { status: messagesWire.errorStatus(error), body: messagesWire.errorBody(error, "req_ours"), error };
};

const account = "This is about the organization org-1234.";

describe("Anthropic's own errors in its dialect", () => {
  it.each([
    [400, "invalid_request_error", "PROVIDER_ERROR"],
    [401, "authentication_error", "PROVIDER_AUTH_FAILED"],
    [402, "billing_error", "insufficient_quota"],
    [403, "permission_error", "PROVIDER_AUTH_FAILED"],
    [404, "not_found_error", "PROVIDER_ERROR"],
    [413, "request_too_large", "PROVIDER_ERROR"],
    [429, "rate_limit_error", "PROVIDER_ERROR"],
    [500, "api_error", "PROVIDER_ERROR"],
    [529, "overloaded_error", "PROVIDER_ERROR"],
  ])("%i %s keeps status, type and words with the caller's own key, and has our code: %s", (status, type, code) => {
    const answer = answerTo(status, type, account, true, { "retry-after": "7" });
    expect(answer.status).toBe(status);
    expect(answer.body).toMatchObject({
      type: "error",
      error: { type, message: account, code, details: { provider: "anthropic", status, byok: true } },
      request_id: "req_ours",
    });
    if (status === 429) expect(answer.error.retryAfterSeconds).toBe(7);
  });

  it.each([
    [401, "authentication_error", 502, "api_error"],
    [402, "billing_error", 502, "api_error"],
    [403, "permission_error", 502, "api_error"],
    [429, "rate_limit_error", 429, "rate_limit_error"],
  ])("%i %s with the platform's key is ours, and says nothing of the account", (theirs, theirType, status, type) => {
    const answer = answerTo(theirs, theirType, account, false);
    expect(answer.status).toBe(status);
    expect(answer.body).toMatchObject({ error: { type } });
    expect(JSON.stringify(answer.body)).not.toContain("org-1234");
  });

  it.each([
    [400, "invalid_request_error"],
    [404, "not_found_error"],
    [413, "request_too_large"],
  ])("%i %s is about the request, and stays as it is with any key", (status, type) => {
    const message = "messages.0: tool_use ids were found without tool_result blocks";
    expect(answerTo(status, type, message, false)).toMatchObject({ status, body: { error: { type, message } } });
  });
});
