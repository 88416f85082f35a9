import { afterAll, describe, expect, test } from "vitest";
import { useProviders } from "#tests/infra/local/providers/harness.ts";
import { fc, longestMs, runs } from "#tests/support/property.ts";
import { conversations, longConversations } from "./conversations.ts";
import { parameters, schemas } from "./schemas.ts";
import { sendHostile, targets } from "./send.ts";

/**
 * Whatever a caller sends either reaches the vendor in a form that its validator takes (infra/local/providers), or is
 * refused with a 400 that names the path, before any call.
 */

const { providers } = useProviders();
const user = { role: "user", content: "Hi" };
const json = { role: "user", content: "Answer in JSON." };
const timeoutMs = longestMs(60_000);

const tools = fc
  .array(fc.tuple(parameters, fc.constantFrom(undefined, true, false)), { minLength: 1, maxLength: 2 })
  .map((list) =>
    list.map(([schema, strict], index) => ({
      type: "function",
      function: { name: `f${index}`, parameters: schema, ...(strict === undefined ? {} : { strict }) },
    })),
  );

const choices = fc.constantFrom<unknown>(undefined, "auto", "none", "required", {
  type: "function",
  function: { name: "f0" },
});

const settings = fc.record(
  {
    stream: fc.boolean(),
    temperature: fc.double({ min: 0, max: 2, noNaN: true }),
    top_p: fc.double({ min: 0, max: 1, noNaN: true }),
    stop: fc.oneof(fc.constantFrom("", " ", "END"), fc.array(fc.constantFrom("", " ", "a", "b"), { maxLength: 8 })),
    seed: fc.maxSafeInteger(),
    max_tokens: fc.constantFrom(1, 16, 2_000, 100_000, 2 ** 40),
    frequency_penalty: fc.constantFrom(-2, 0, 2),
    reasoning_effort: fc.constantFrom("none", "minimal", "low", "medium", "high", "xhigh", "max", "odd"),
    reasoning: fc.constantFrom<unknown>({ effort: "low" }, { enabled: false }, { max_tokens: 2_000 }, {}, "odd"),
    user: fc.constantFrom("", "u-1", "a@b.test", "+1 555 010 0199", "u".repeat(300), "\ud83d"),
    tools,
    tool_choice: choices,
    parallel_tool_calls: fc.boolean(),
    response_format: fc.constantFrom({ type: "text" }, { type: "json_object" }),
  },
  { requiredKeys: [] },
);

describe.each(targets)("what leaves for $provider, $model", (target) => {
  const counts = { taken: 0, refused: 0 };
  const send = async (fields: Record<string, unknown>): Promise<void> => {
    counts[await sendHostile(providers(), target, fields)] += 1;
  };

  test("of tools with any schema", { timeout: timeoutMs }, async () => {
    await fc.assert(
      fc.asyncProperty(tools, (list) => send({ messages: [user], tools: list })),
      { numRuns: runs(120) },
    );
  });

  test("of an answer with any schema", { timeout: timeoutMs }, async () => {
    await fc.assert(
      fc.asyncProperty(schemas, fc.constantFrom(undefined, true), (schema, strict) =>
        send({
          messages: [user],
          response_format: {
            type: "json_schema",
            json_schema: {
              name: "x",
              schema,
              ...(strict === undefined || target.provider === "openai" ? {} : { strict }),
            },
          },
        }),
      ),
      { numRuns: runs(80) },
    );
  });

  test("of any history", { timeout: timeoutMs }, async () => {
    // OpenAI's own rule: its JSON mode needs the word.
    await fc.assert(
      fc.asyncProperty(conversations, settings, (messages, more) =>
        send({ messages: more.response_format?.type === "json_object" ? [...messages, json] : messages, ...more }),
      ),
      { numRuns: runs(150) },
    );
  });

  test("of 500 turns", { timeout: timeoutMs }, async () => {
    await fc.assert(
      fc.asyncProperty(longConversations, (messages) => send({ messages })),
      { numRuns: runs(2) },
    );
  });

  afterAll(() => {
    // Refusing everything would hold all of the above.
    expect(counts.taken).toBeGreaterThan(counts.refused);
  });
});
