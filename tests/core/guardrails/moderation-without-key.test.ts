import { expect, it } from "vitest";
import { moderate } from "#core/guardrails/moderation.ts";

it("without the platform's OpenAI key the moderation is SERVICE_UNAVAILABLE and says what is missing", async () => {
  await expect(moderate(["text"], new AbortController().signal)).rejects.toMatchObject({
    code: "SERVICE_UNAVAILABLE",
    status: 503,
    shouldRetry: false,
    message: expect.stringContaining("OpenAI key"),
  });
});
