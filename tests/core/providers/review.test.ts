import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { messagesReview } from "#core/providers/anthropic/reviewed-messages.ts";
import { reviewedExtraBody, reviewedExtraContent } from "#core/providers/compatible/google-reviewed.ts";
import { fieldsReview } from "#core/providers/field-table.ts";
import { responsesReview } from "#core/providers/openai/reviewed-responses.ts";

const root = join(import.meta.dirname, "../../..");
const installed = (name: string): string =>
  (JSON.parse(readFileSync(join(root, "node_modules", name, "package.json"), "utf8")) as { version: string }).version;

describe.each([
  ["chat completions", fieldsReview],
  ["messages", messagesReview],
  ["responses", responsesReview],
  ["Google's extra_body", { ...reviewedExtraBody, sources: [reviewedExtraBody.source] }],
  ["Google's extra_content", { ...reviewedExtraContent, sources: [reviewedExtraContent.source] }],
])("the list of what leaves with the platform's key in %s", (_, { reviewed, sources }) => {
  it("says when it was reviewed, against what, and wants a new review with a new SDK", () => {
    expect(reviewed).toMatch(/^\d{4}-\d\d-\d\d$/);
    expect(Date.parse(reviewed)).toBeLessThanOrEqual(Date.now());
    expect(sources.length).toBeGreaterThan(0);
    for (const source of sources) {
      const [, name = "", version = ""] = /^(@?[\w./-]+)@(\d+\.\d+)$/.exec(source) ?? [];
      if (name === "") expect(source).toMatch(/^https:\/\//);
      else expect(`${installed(name)}.`, `${name} has types that nobody has reviewed`).toMatch(`${version}.`);
    }
  });
});
