import { describe, expect, it } from "vitest";
import { noGuardrailsKey } from "#core/chat/prepare-request.ts";
import { guardrailsAreOff, guardrailsKey, readGuardrailSettings } from "#core/guardrails/settings.ts";

describe("guardrail settings", () => {
  it("are off without body and header", () => {
    const settings = readGuardrailSettings(undefined, undefined);
    expect(settings).toEqual({ input: {}, output: {} });
    expect(guardrailsAreOff(settings)).toBe(true);
    // A chat that asks for none does not load this module.
    expect(guardrailsKey(settings)).toBe(noGuardrailsKey);
  });

  it("block where only a name is given, on both sides by header and on its own side by body", () => {
    expect(readGuardrailSettings(undefined, "pii, content_moderation")).toEqual({
      input: { pii: "block", content_moderation: "block" },
      output: { pii: "block", content_moderation: "block" },
    });
    expect(readGuardrailSettings({ output: ["pii"] }, undefined)).toEqual({ input: {}, output: { pii: "block" } });
  });

  it("take the body's action over the header's, and the stricter of two in one list", () => {
    const body = {
      input: [{ type: "pii", action: "redact" } as const],
      output: ["pii", { type: "pii", action: "flag" }],
    };
    expect(readGuardrailSettings(body as never, "pii:flag")).toEqual({
      input: { pii: "redact" },
      output: { pii: "block" },
    });
  });

  it("take an action in the header", () => {
    expect(readGuardrailSettings(undefined, "PII:redact").output).toEqual({ pii: "redact" });
  });

  it.each(["pii,unknown", "pii:burn", "pii:block:flag"])("refuse %j with the header's name", (header) => {
    expect(() => readGuardrailSettings(undefined, header)).toThrow(
      expect.objectContaining({ code: "BAD_REQUEST", param: "X-Guardrails" }),
    );
  });

  it("have one text for cache keys exactly when they are the same", () => {
    const key = (header: string, body?: Parameters<typeof readGuardrailSettings>[0]) =>
      guardrailsKey(readGuardrailSettings(body, header));
    expect(key("content_moderation,pii")).toBe(key("pii:block, content_moderation"));
    const different = [key(""), key("pii"), key("pii:flag"), key("content_moderation"), key("", { input: ["pii"] })];
    expect(new Set(different).size).toBe(different.length);
  });
});
