import { describe, expect, test } from "vitest";
import type { ChatProviderId } from "#core/catalog/provider-ids.ts";
import { failureFromBody, failureFromResponse } from "#core/providers/openai/errors.ts";

const quotaFailure = (quotaId: string, retryDelay?: string) => [
  {
    error: {
      code: 429,
      message: "You exceeded your current quota",
      status: "RESOURCE_EXHAUSTED",
      details: [
        { "@type": "type.googleapis.com/google.rpc.QuotaFailure", violations: [{ quotaId }] },
        ...(retryDelay === undefined ? [] : [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay }]),
      ],
    },
  },
];

describe("an answer with an error status", () => {
  test.each<[ChatProviderId, number, unknown, object]>([
    ["openai", 429, { error: { message: "m", type: "insufficient_quota", code: null } }, { kind: "quota" }],
    ["openai", 429, { error: { message: "m", type: "requests", code: "rate_limit_exceeded" } }, { kind: "rate-limit" }],
    [
      "openai",
      400,
      { error: { message: "m", type: "invalid_request_error", param: "messages[0]", code: "x" } },
      { kind: "request", param: "messages[0]", providerCode: "x" },
    ],
    ["google", 429, quotaFailure("GenerateRequestsPerDayPerProject", "40s"), { kind: "quota" }],
    [
      "google",
      429,
      quotaFailure("GenerateRequestsPerMinutePerProject", "40s"),
      { kind: "rate-limit", retryAfterMs: 40_000 },
    ],
    [
      "google",
      429,
      [{ error: { code: 429, message: "Quota, limit: 0, model: x", status: "RESOURCE_EXHAUSTED" } }],
      { kind: "quota" },
    ],
    [
      "google",
      400,
      [{ error: { code: 400, message: "API key not valid.", status: "INVALID_ARGUMENT" } }],
      { kind: "auth" },
    ],
    ["google", 400, { error: { code: 400, message: "Unknown name", status: "INVALID_ARGUMENT" } }, { kind: "request" }],
    ["google", 503, [{ error: { code: 503, message: "overloaded", status: "UNAVAILABLE" } }], { kind: "server" }],
    [
      "x-ai",
      400,
      { code: "Client specified an invalid argument", error: "Incorrect API key provided: xai-12" },
      { kind: "auth" },
    ],
    ["x-ai", 400, { code: "Client specified an invalid argument", error: "Model x does not" }, { kind: "request" }],
    [
      "openrouter",
      403,
      { error: { code: 403, message: "flagged", metadata: { reasons: ["violence"] } } },
      { kind: "request", status: 403 },
    ],
    ["openrouter", 402, { error: { code: 402, message: "credits" } }, { kind: "quota" }],
    ["openrouter", 404, { error: { code: 404, message: "No endpoints found" } }, { kind: "request" }],
    [
      "minimax",
      400,
      { type: "error", error: { type: "bad_request_error", message: "invalid params (2013)" } },
      { kind: "request" },
    ],
    [
      "minimax",
      500,
      { type: "error", error: { type: "x", message: "insufficient balance (1008)" } },
      { kind: "quota" },
    ],
    ["openai", 502, "<html>", { kind: "server", providerMessage: undefined }],
  ])("%s %i %j", (provider, status, body, expected) => {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    expect(failureFromResponse(provider, status, {}, text)).toMatchObject(expected);
  });

  test.each([
    [{ "retry-after": "3" }, 3_000],
    [{ "retry-after-ms": "250", "retry-after": "3" }, 250],
    [{ "retry-after": "Thu, 01 Jan 1970 00:00:05 GMT" }, 5_000],
    [{ "retry-after": "soon" }, undefined],
  ])("%j is obeyed", (headers, retryAfterMs) => {
    expect(failureFromResponse("openai", 429, headers, "", 0).retryAfterMs).toBe(retryAfterMs);
  });

  test("never repeats a key", () => {
    const body = JSON.stringify({ error: { message: "Incorrect API key provided: sk-proj-abcdef123456." } });
    expect(failureFromResponse("openai", 401, {}, body).providerMessage).not.toContain("abcdef");
  });
});

describe("an error inside a 200", () => {
  test.each<[ChatProviderId, unknown, object]>([
    ["minimax", { base_resp: { status_code: 1002, status_msg: "rate limit" } }, { kind: "rate-limit" }],
    ["minimax", { base_resp: { status_code: 1004, status_msg: "not authorized" } }, { kind: "auth" }],
    ["minimax", { base_resp: { status_code: 1008, status_msg: "no balance" } }, { kind: "quota" }],
    ["minimax", { base_resp: { status_code: 1026, status_msg: "sensitive" } }, { kind: "request" }],
    ["minimax", { base_resp: { status_code: 2013, status_msg: "invalid params" } }, { kind: "request" }],
    ["minimax", { base_resp: { status_code: 1000, status_msg: "unknown" } }, { kind: "server" }],
    ["x-ai", { code: "The service is currently unavailable", error: "try later" }, { kind: "server", status: 503 }],
    [
      "openrouter",
      {
        choices: [{ finish_reason: "error" }],
        error: { code: 429, message: "m", metadata: { error_type: "rate_limit_exceeded" } },
      },
      { kind: "rate-limit" },
    ],
    ["openrouter", { error: { code: 502, message: "m" } }, { kind: "server", status: 502 }],
    ["google", quotaFailure("PerMinute", "7s"), { kind: "rate-limit", retryAfterMs: 7_000 }],
    ["openai", { error: { type: "server_error", code: "server_is_overloaded", message: "m" } }, { kind: "server" }],
  ])("%s %j", (provider, body, expected) => {
    expect(failureFromBody(provider, body)).toMatchObject(expected);
  });

  test.each([{ choices: [] }, { error: null }, { base_resp: { status_code: 0, status_msg: "" } }, null, "text"])(
    "%j has none",
    (body) => {
      expect(failureFromBody("minimax", body)).toBeUndefined();
    },
  );
});
