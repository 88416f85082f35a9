import { describe, expect, it } from "vitest";
import { SseParser } from "#core/providers/sse-parser.ts";
import { hasSchemas, schemaValidator } from "./schemas.ts";
import { fixture } from "./support.ts";

const reason = hasSchemas ? "" : " (skipped: ../shared/contracts is not at hand)";
const streams = ["text", "thinking-tools", "server-tool", "refusal", "overloaded", "cut"].map((name) => `${name}.sse`);

describe.skipIf(!hasSchemas)(`constructed fixtures are what the SDK's types allow${reason}`, () => {
  it.each(streams)("%s", (name) => {
    const validate = schemaValidator("StreamEvent");
    for (const { event, data } of new SseParser().push(Buffer.from(fixture(name)))) {
      if (event === "ping" || event === "error") continue;
      validate(JSON.parse(data));
      expect(validate.errors, data).toBeNull();
    }
  });

  it.each(["text.json", "thinking-tools.json"])("%s", (name) => {
    const validate = schemaValidator("MessageResponse");
    validate(JSON.parse(fixture(name)));
    expect(validate.errors).toBeNull();
  });
});
