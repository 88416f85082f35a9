import { describe, expect, test } from "vitest";
import { failureFromError, failureFromResponse } from "#core/providers/anthropic/errors.ts";
import { safeMessage, withoutKey } from "#core/providers/safe-message.ts";

const keys = [
  "sk-proj-0123456789abcdef",
  "sk-ant-api03-0123456789abcdef",
  "AIzaSyA-0123456789abcdef",
  "xai-0123456789abcdef",
  "fa-0123456789abcdef",
  "eyJhbGciOiJSUzI1NiJ9.eyJHcm91cCI6IngifQ.c2lnbmF0dXJl",
  "0198d0de-0000-7000-8000-000000000000:0123456789abcdef0123456789abcdef",
];

describe("a provider's message", () => {
  test.each(keys)("never quotes a key such as %s, whatever stands before it", (key) => {
    for (const before of ["", "key: ", "provided:_", "(", '"']) {
      expect(safeMessage(`Incorrect API key ${before}${key} was given`)).not.toContain(key.slice(6));
    }
  });

  test.each(keys)("of Anthropic does not either, as an answer or inside a stream: %s", (key) => {
    const error = { type: "invalid_request_error", message: `No: ${key}`, details: { error_code: key } };
    for (const failure of [failureFromResponse(400, JSON.stringify({ error }), {}), failureFromError(error)]) {
      expect(JSON.stringify([failure.message, failure.providerMessage, failure.providerCode])).not.toContain(key);
    }
  });

  test.each([
    "This model's maximum context length is 128000 tokens.",
    "messages.0.content: Field required",
    "Please skip the task-based request req_011CSHoEeqs5C35K2UUqR7Fy",
  ])("stays as it is where it holds none: %s", (message) => {
    expect(safeMessage(message)).toBe(message);
  });

  test("is cut", () => {
    expect(safeMessage("x".repeat(1_000))).toHaveLength(500);
  });
});

describe("a text without the key of its call", () => {
  const key = "a-key-of-no-form";

  test("has none of it, also where the text was cut short", () => {
    expect(withoutKey(`${key}: ${key}`, key)).toBe("[redacted]: [redacted]");
    expect(withoutKey(`No: ${key.slice(0, 9)}`, key)).toBe("No: [redacted]");
  });

  test("keeps words, and keys that are shorter than any", () => {
    expect(withoutKey("there is none of a-key", "none")).toBe("there is none of a-key");
    expect(withoutKey("ends with a-key", key)).toBe("ends with a-key");
  });
});
