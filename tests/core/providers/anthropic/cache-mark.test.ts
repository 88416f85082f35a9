import { expect, test } from "vitest";
import { toRequest } from "#core/providers/anthropic/to-request.ts";
import { chatRequest } from "./support.ts";

const mark = { cache_control: { type: "ephemeral" } };

test("of more than four marks the earliest of the messages go, with a warning", () => {
  const said = (text: string) => ({ role: "user", content: [{ type: "text", text, ...mark }] });
  const answered = { role: "assistant", content: "a" };
  const request = chatRequest({
    tools: [{ type: "function", function: { name: "f" }, ...mark }],
    messages: [{ role: "system", content: "s", ...mark }, said("1"), answered, said("2"), answered, said("3")],
  });
  const { body, warnings } = toRequest(request, { model: "claude-sonnet-4-5", byok: false });
  const marks = [
    ...(body.tools ?? []),
    ...(body.system as object[]),
    ...body.messages.flatMap(({ content }) => content as object[]),
  ];
  expect(marks.map((block) => "cache_control" in block)).toEqual([true, true, false, false, true, false, true]);
  expect(warnings).toEqual(["cache_control"]);
});
