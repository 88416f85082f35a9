import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { callerOf, guardedCallerOf } from "#core/http/authenticate.ts";

const call = (headers: Readonly<Record<string, string>>) => ({
  headers,
  principal: { kind: "key", userId: "user_1", keyId: "key_1" } as const,
});

describe("the caller of an endpoint", () => {
  it("is refused with X-Guardrails where the endpoint has none: nobody may believe that they are on", () => {
    expect(callerOf(call({ "x-provider-key": "mine" }))).toMatchObject({ providerKeySlug: "mine" });
    expect(() => callerOf(call({ "x-guardrails": "pii" }))).toThrow(
      expect.objectContaining({ code: "BAD_REQUEST", param: "X-Guardrails" }),
    );
    expect(guardedCallerOf(call({ "x-guardrails": "pii" }))).toMatchObject({ principal: { userId: "user_1" } });
  });

  it("is taken with X-Guardrails only by what judges the request, or makes nothing of it", () => {
    const root = join(import.meta.dirname, "../../..");
    const files = ["functions", "core/http"].flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map((name) => `${folder}/${name}`),
    );
    const guarded = files.filter(
      (file) =>
        file.endsWith(".ts") &&
        file !== "core/http/authenticate.ts" &&
        readFileSync(join(root, file), "utf8").includes("guardedCallerOf("),
    );
    expect(guarded.toSorted()).toEqual([
      "core/http/arena-endpoint.ts",
      "core/http/dialect-endpoint.ts",
      "core/http/mcp-tools.ts",
      "functions/chat-completions.ts",
      "functions/count-tokens.ts",
      "functions/media-voices.ts",
      "functions/responses-input-tokens.ts",
    ]);
  });
});
