import { expect, it } from "vitest";
import { renderPrompt } from "#core/prompts/langfuse.ts";

it("without Langfuse keys a prompt_id is a 400 that says so", async () => {
  await expect(renderPrompt({ promptId: "x", signal: new AbortController().signal })).rejects.toMatchObject({
    code: "BAD_REQUEST",
    param: "prompt_id",
    message: expect.stringContaining("Langfuse keys are not configured"),
  });
});
