import { describe, expect, it } from "vitest";
import { failureFromResponse } from "#core/providers/anthropic/errors.ts";
import { fixture } from "./support.ts";

const body = (type: string, message = "m", code?: string): string =>
  JSON.stringify({
    type: "error",
    error: { type, message, ...(code === undefined ? {} : { details: { error_code: code } }) },
  });

describe("an answer with an error status", () => {
  it.each([
    [400, body("invalid_request_error"), "request"],
    [401, body("authentication_error"), "auth"],
    [402, body("billing_error"), "quota"],
    [403, body("permission_error"), "auth"],
    [404, body("not_found_error"), "request"],
    [408, "", "timeout"],
    [409, body("conflict_error"), "server"],
    [413, body("request_too_large"), "request"],
    [429, fixture("error-rate-limit.json"), "rate-limit"],
    [429, fixture("error-spend-limit.json"), "quota"],
    [429, body("rate_limit_error", "m", "contract_spend_limit_reached"), "quota"],
    [429, body("rate_limit_error", "m", "ramp_limit_exceeded"), "rate-limit"],
    [400, fixture("error-credit.json"), "quota"],
    [400, fixture("error-invalid.json"), "request"],
    [400, body("invalid_request_error", "m", "organization_on_hold"), "auth"],
    [500, body("api_error"), "server"],
    [502, "<html><h1>Bad Gateway</h1></html>", "server"],
    [504, body("timeout_error"), "server"],
    [529, body("overloaded_error"), "server"],
    [302, "", "malformed"],
  ])("%i is told by status, code and, for money, words (%#)", (status, text, kind) => {
    const failure = failureFromResponse(status, text, {});
    expect(failure).toMatchObject({ kind, status, provider: "anthropic" });
  });

  it("keeps Anthropic's message and code, at most 500 characters, and nothing of a page that is not JSON", () => {
    expect(failureFromResponse(429, fixture("error-spend-limit.json"), {})).toMatchObject({
      providerMessage: "You have reached your monthly spend limit.",
      providerCode: "enforced_spend_limit_reached",
    });
    const long = failureFromResponse(400, body("invalid_request_error", "x".repeat(2_000)), {});
    expect(long).toMatchObject({ providerMessage: "x".repeat(500), providerCode: "invalid_request_error" });
    const page = failureFromResponse(502, "<html>", {});
    expect(page).toMatchObject({ providerMessage: undefined, providerCode: undefined });
    expect(page.message).not.toContain("<");
  });

  it.each([
    [{ "retry-after": "7" }, 7_000],
    [{ "retry-after": "7", "retry-after-ms": "250" }, 250],
    [{ "retry-after": "soon" }, undefined],
    [{ "retry-after": "Thu, 01 Jan 1970 00:00:00 GMT" }, 0],
    [{}, undefined],
  ])("reads when to try again from %j", (headers, expected) => {
    expect(failureFromResponse(429, "", headers).retryAfterMs).toBe(expected);
  });
});
