import { describe, expect, it } from "vitest";
import type { AttemptRecord } from "#core/db/usage-events.ts";
import { failureToError } from "#core/generation/failure-to-error.ts";
import { type FailureKind, type FailureOptions, ProviderFailure } from "#core/providers/provider.ts";

const attempt: AttemptRecord = { model: "gpt-5.2", provider: "openai", result: "server", status: 500, latencyMs: 5 };
const map = (
  kind: FailureKind,
  options: FailureOptions = {},
  context: {
    readonly tries?: number;
    readonly fellBack?: boolean;
    readonly byok?: boolean;
    readonly hasTools?: boolean;
  } = {},
) => {
  const { tries = 1, fellBack = false, byok = false, hasTools = false } = context;
  const attempts = Array.from({ length: tries }, () => attempt);
  const error = failureToError(new ProviderFailure("openai", kind, "openai failed", options), {
    byok,
    attempts,
    fellBack,
    hasTools,
  });
  return { error, line: `${error.status} ${error.code} ${error.type} retry=${error.shouldRetry}` };
};

describe("failureToError", () => {
  it.each<[FailureKind, FailureOptions, Parameters<typeof map>[2], string]>([
    ["network", {}, {}, "502 PROVIDER_ERROR api_error retry=undefined"],
    ["network", {}, { tries: 3 }, "503 MODEL_UNAVAILABLE api_error retry=false"],
    ["network", {}, { tries: 2, fellBack: true }, "503 MODEL_UNAVAILABLE api_error retry=false"],
    ["server", { status: 500 }, {}, "502 PROVIDER_ERROR api_error retry=undefined"],
    ["server", { status: 529 }, { tries: 3 }, "503 MODEL_UNAVAILABLE api_error retry=false"],
    ["malformed", {}, {}, "502 PROVIDER_ERROR api_error retry=undefined"],
    ["malformed", {}, { hasTools: true }, "502 tool_provider_error invalid_request_error retry=undefined"],
    ["rate-limit", { status: 429 }, {}, "429 PROVIDER_ERROR rate_limit_error retry=undefined"],
    ["rate-limit", { status: 429 }, { tries: 3 }, "429 PROVIDER_ERROR rate_limit_error retry=false"],
    ["rate-limit", { status: 429 }, { tries: 2, fellBack: true }, "503 MODEL_UNAVAILABLE api_error retry=false"],
    ["timeout", {}, {}, "504 PROVIDER_TIMEOUT api_error retry=false"],
    ["timeout", {}, { tries: 2, fellBack: true }, "503 MODEL_UNAVAILABLE api_error retry=false"],
    ["aborted", {}, {}, "504 PROVIDER_TIMEOUT api_error retry=false"],
    ["auth", { status: 401 }, {}, "502 PROVIDER_AUTH_FAILED api_error retry=undefined"],
    ["auth", { status: 401 }, { tries: 2, fellBack: true }, "502 PROVIDER_AUTH_FAILED api_error retry=undefined"],
    ["quota", { status: 429 }, {}, "502 insufficient_quota insufficient_quota retry=false"],
    ["quota", { status: 402 }, { byok: true }, "429 insufficient_quota insufficient_quota retry=false"],
    [
      "request",
      { status: 400, providerMessage: "prompt is too long: 9 tokens > 8 maximum" },
      {},
      "400 context_length_exceeded invalid_request_error retry=false",
    ],
    [
      "request",
      { status: 403, reason: "content_filter" },
      { tries: 2, fellBack: true },
      "400 content_filter invalid_request_error retry=false",
    ],
    ["request", { reason: "model_not_found" }, {}, "404 model_not_found invalid_request_error retry=false"],
    [
      "request",
      { status: 400, reason: "model_not_found" },
      {},
      "400 model_not_found invalid_request_error retry=false",
    ],
    ["request", { status: 400 }, {}, "400 PROVIDER_ERROR invalid_request_error retry=false"],
    ["request", { status: 404 }, {}, "404 PROVIDER_ERROR api_error retry=false"],
    ["request", { status: 413 }, {}, "413 PROVIDER_ERROR api_error retry=false"],
    ["request", { status: 422 }, {}, "422 PROVIDER_ERROR api_error retry=false"],
    ["request", { status: 451 }, {}, "400 PROVIDER_ERROR invalid_request_error retry=false"],
    ["request", {}, {}, "400 PROVIDER_ERROR invalid_request_error retry=false"],
    ["request", { status: 404 }, { tries: 2, fellBack: true }, "404 PROVIDER_ERROR api_error retry=false"],
    ["malformed", {}, { tries: 2, hasTools: true }, "503 MODEL_UNAVAILABLE api_error retry=false"],
    ["server", {}, { hasTools: true }, "502 PROVIDER_ERROR api_error retry=undefined"],
  ])("%s %j %j is %s", (kind, options, context, line) => {
    expect(map(kind, options, context).line).toBe(line);
  });

  it.each<[FailureKind, FailureOptions, Parameters<typeof map>[2], string]>([
    ["server", {}, {}, "openai failed"],
    ["server", { providerMessage: "boom" }, {}, "openai: boom"],
    ["server", {}, { tries: 3 }, "The model failed 3 times. Last failure: openai failed"],
    ["server", {}, { tries: 2, fellBack: true }, "The model and every fallback failed. Last failure: openai failed"],
    ["timeout", {}, {}, "openai did not respond in time."],
    ["aborted", {}, {}, "openai did not respond in time."],
    ["auth", {}, {}, "No key is configured for openai. Store your own as a provider key."],
    ["auth", { status: 401 }, { byok: true }, "openai rejected your stored provider key."],
    ["auth", { status: 401 }, {}, "openai rejected the platform's key. This is a problem on our side."],
    ["quota", { providerMessage: "no credit" }, {}, "openai: no credit"],
    ["request", { providerMessage: "too long" }, {}, "openai: too long"],
    ["malformed", { providerMessage: "cut" }, { hasTools: true }, "openai: cut"],
  ])("%s %j %j says %s", (kind, options, context, message) => {
    expect(map(kind, options, context).error.message).toBe(message);
  });

  it("asks nobody to come again with arguments that broke a strict tool's schema, whatever was tried", () => {
    const options = { providerCode: "tool_call_invalid_arguments", providerMessage: "a must be a number" };
    for (const context of [{}, { tries: 3 }, { tries: 3, fellBack: true }]) {
      const { error } = map("malformed", options, { ...context, hasTools: true });
      expect(error).toMatchObject({
        code: "tool_call_invalid_arguments",
        message: "openai: a must be a number",
        shouldRetry: false,
      });
      expect(error.details).not.toHaveProperty("retryAfter");
    }
  });

  it("says that a status, a code and a field are not known rather than leaving them to be guessed", () => {
    const { error } = map("network");
    expect(error.details).toEqual({ provider: "openai", status: null, providerCode: null, byok: false });
    expect(error).toMatchObject({ param: null, cause: expect.any(ProviderFailure) });
    const unanswered = { ...attempt, status: undefined };
    const failed = failureToError(new ProviderFailure("openai", "network", "reset"), {
      byok: false,
      attempts: [unanswered, unanswered],
      fellBack: false,
      hasTools: false,
    });
    expect(failed.details.attempts).toMatchObject([{ status: null }, { status: null }]);
  });

  it("never lets a provider's refusal of our key look like the caller's own 401", () => {
    for (const byok of [true, false]) {
      const { error } = map("auth", { status: 401 }, { byok });
      expect(error.status).toBe(502);
      expect(error.message).toMatch(byok ? /your stored provider key/ : /platform's key/);
    }
  });

  it("passes the provider's message, code and field on, and when to come back in whole seconds", () => {
    const { error } = map("rate-limit", {
      status: 429,
      providerMessage: "slow down",
      providerCode: "rate_limit_exceeded",
      param: "model",
      retryAfterMs: 1_001,
    });
    expect(error).toMatchObject({ message: "openai: slow down", param: "model", retryAfterSeconds: 2 });
    expect(error.details).toEqual({
      provider: "openai",
      status: 429,
      providerCode: "rate_limit_exceeded",
      byok: false,
      retryAfter: 2,
    });
    expect(map("rate-limit", { retryAfterMs: 0 }).error.retryAfterSeconds).toBe(1);
    expect(map("rate-limit").error.retryAfterSeconds).toBe(1);
  });

  it("lists the attempts when there were several, and keeps the last failure in sight", () => {
    const { error } = map("server", { status: 500, providerMessage: "boom" }, { tries: 2 });
    expect(error.details.attempts).toEqual([
      { model: "gpt-5.2", provider: "openai", result: "server", status: 500, latencyMs: 5 },
      { model: "gpt-5.2", provider: "openai", result: "server", status: 500, latencyMs: 5 },
    ]);
    expect(error.message).toContain("openai: boom");
    expect(map("server").error.details).not.toHaveProperty("attempts");
  });
});
