import { describe, expect, it } from "vitest";
import { withHeaderFields } from "#core/chat/header-fields.ts";

const request = { model: "gpt-5.2", messages: [{ role: "user" as const, content: "hi" }] };

describe("the gateway's fields as headers", () => {
  it("are read as the fields of the body that they stand for", () => {
    const headers = { "x-fallback": " claude, gemini ,", "x-retries": "0", "x-timeout-ms": "1500" };
    expect(withHeaderFields(request, headers)).toEqual({
      ...request,
      fallback: ["claude", "gemini"],
      retries: 0,
      timeout: 1_500,
    });
  });

  it("count less than the body's own", () => {
    const body = { ...request, fallback: ["grok"], retries: 1, timeout: 9 };
    const headers = { "x-fallback": "claude", "x-retries": "0", "x-timeout-ms": "1500" };
    expect(withHeaderFields(body, headers)).toEqual(body);
  });

  it("hold the provider preferences as the same object", () => {
    const preferences = { order: ["openrouter"], sort: "price" };
    const headers = { "x-provider-preferences": JSON.stringify(preferences) };
    expect(withHeaderFields(request, headers)).toEqual({ ...request, provider: preferences });
    const body = { ...request, provider: { only: ["anthropic"] } };
    expect(withHeaderFields(body, headers)).toEqual(body);
  });

  it("change nothing when they are absent", () => {
    expect(withHeaderFields(request, { "x-cache": "no-cache" })).toBe(request);
  });

  it.each([
    ["X-Retries", "6"],
    ["X-Retries", "-1"],
    ["X-Retries", "1.5"],
    ["X-Retries", ""],
    ["X-Timeout-Ms", "0"],
    ["X-Timeout-Ms", "300001"],
    ["X-Timeout-Ms", "soon"],
    ["X-Fallback", "a,b,c,d,e,f,g,h,i"],
    ["X-Fallback", "a".repeat(201)],
    ["X-Provider-Preferences", "anthropic"],
    ["X-Provider-Preferences", "[]"],
    ["X-Provider-Preferences", `{"order":["${"a".repeat(2_000)}"]}`],
  ])("are refused by name where they are not valid: %s: %s", (name, value) => {
    expect(() => withHeaderFields(request, { [name.toLowerCase()]: value })).toThrow(
      expect.objectContaining({ code: "BAD_REQUEST", param: name }),
    );
  });
});
