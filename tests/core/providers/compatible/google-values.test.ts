import { expect, test } from "vitest";
import { toGoogleValues } from "#core/providers/compatible/google-values.ts";
import { chatRequest } from "../support.ts";

const sent = (fields: Record<string, unknown>) => {
  const warnings = new Set<string>();
  return { body: toGoogleValues(chatRequest(fields), warnings), warnings: [...warnings] };
};

test.each([
  [{ stop: ["", "x"] }, { stop: ["x"] }],
  [{ stop: "" }, {}],
  [{ stop: ["", ""] }, {}],
  [{ stop: ["a", "b", "c", "d", "e", "f"] }, { stop: ["a", "b", "c", "d", "e"] }],
  [{ seed: 2 ** 31 + 4 }, { seed: 5 }],
  [{ seed: -(2 ** 40) }, { seed: -(2 ** 40 % (2 ** 31 - 1)) }],
  [{ max_tokens: 2 ** 40 }, { max_tokens: 2 ** 31 - 1 }],
  [{ max_completion_tokens: 2 ** 40, max_tokens: 5 }, { max_tokens: 2 ** 31 - 1 }],
  [{ frequency_penalty: 2 }, { frequency_penalty: 1.99 }],
  [{ presence_penalty: 2 }, { presence_penalty: 1.99 }],
])("%j becomes %j, and is told of", (fields, body) => {
  expect(sent(fields)).toEqual({ body, warnings: [Object.keys(fields)[0]] });
});

test("what Google takes stays as it is", () => {
  const fields = { stop: " ", seed: -7, max_tokens: 5, frequency_penalty: -2, presence_penalty: 1.5 };
  expect(sent(fields)).toEqual({ body: fields, warnings: [] });
  expect(sent({ stop: [] })).toEqual({ body: {}, warnings: [] });
});
