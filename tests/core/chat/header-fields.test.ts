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

  it("balance over several models, with weights and provider keys where they are given", () => {
    const header = "weighted; gpt=3, my-vllm/qwen-3@team , deepseek/deepseek-v3.2:free=0.5@team";
    expect(withHeaderFields(request, { "x-load-balance": header }).load_balance).toEqual({
      strategy: "weighted",
      targets: [
        { model: "gpt", weight: 3 },
        { model: "my-vllm/qwen-3", provider_key: "team" },
        { model: "deepseek/deepseek-v3.2:free", weight: 0.5, provider_key: "team" },
      ],
    });
    const own = { ...request, load_balance: { strategy: "cost" as const, targets: [{ model: "grok" }] } };
    expect(withHeaderFields(own, { "x-load-balance": header }).load_balance).toEqual(own.load_balance);
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
    ["X-Load-Balance", "gpt, claude"],
    ["X-Load-Balance", "fastest; gpt"],
    ["X-Load-Balance", "cost"],
    ["X-Load-Balance", "cost; , "],
    ["X-Load-Balance", "cost; gpt; claude"],
    ["X-Load-Balance", "weighted; gpt=1000001"],
    ["X-Load-Balance", "weighted; gpt=-1"],
    ["X-Load-Balance", "weighted; gpt@"],
    ["X-Load-Balance", `cost; ${"gpt,".repeat(17)}`],
    ["X-Load-Balance", `cost; ${"a".repeat(201)}`],
    ["X-Provider-Preferences", "anthropic"],
    ["X-Provider-Preferences", "[]"],
    ["X-Provider-Preferences", `{"order":["${"a".repeat(2_000)}"]}`],
  ])("are refused by name where they are not valid: %s: %s", (name, value) => {
    expect(() => withHeaderFields(request, { [name.toLowerCase()]: value })).toThrow(
      expect.objectContaining({ code: "BAD_REQUEST", param: name }),
    );
  });
});
