import { describe, expect, test } from "vitest";
import { StreamTap } from "#core/providers/openai/stream-tap.ts";
import { newOutcome } from "#core/providers/provider.ts";
import { assemble, chunksOf } from "../support.ts";

const facts = { completionId: "chatcmpl-1", model: "asked", createdSeconds: 7 };

const frame = (delta: unknown, finish: unknown = null): string =>
  `data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", created: 1, model: "m", choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;

/** The calls of a stream whose deltas hold these lists of calls, one list a chunk. */
const callsOf = (lists: readonly unknown[], finish = "tool_calls") => {
  const outcome = newOutcome();
  const tap = new StreamTap({ provider: "openai", outcome, reasoning: "included", facts, choices: 1 });
  const text = [frame({ role: "assistant", content: null }), ...lists.map((calls) => frame({ tool_calls: calls }))]
    .concat(frame({}, finish))
    .map((each) => tap.push(Buffer.from(each)).toString())
    .join("");
  const chunks = chunksOf(text + tap.end().toString());
  const deltas = chunks.flatMap(({ choices }) => choices.flatMap(({ delta }) => delta.tool_calls ?? []));
  for (const { index } of deltas) {
    const named = deltas.filter(
      (each) => each.index === index && (each.id !== undefined || each.function?.name !== undefined),
    );
    expect(named).toHaveLength(1);
  }
  const { calls, finish: reason } = assemble(chunks);
  expect(reason).toBe("tool_calls");
  expect(new Set(calls.map(({ id }) => id)).size).toBe(calls.length);
  return calls.map((call) =>
    call.type === "custom"
      ? `${call.custom.name}=${call.custom.input}`
      : `${call.function.name}${call.function.arguments}`,
  );
};

const f = (name?: string, text?: unknown) => ({
  function: { ...(name === undefined ? {} : { name }), ...(text === undefined ? {} : { arguments: text }) },
});
const twoCalls = ['f{"a":1}', 'g{"a":2}'];

describe("calls of a stream are counted 0, 1, … and named once", () => {
  test.each<[string, readonly unknown[]]>([
    [
      "from 1 on",
      [
        [{ index: 1, id: "a", ...f("f", '{"a"') }],
        [{ index: 1, ...f(undefined, ":1}") }],
        [{ index: 2, id: "b", ...f("g", '{"a":2}') }],
      ],
    ],
    [
      "by numbers far apart",
      [[{ index: 10, id: "a", ...f("f", '{"a":1}') }], [{ index: 5, id: "b", ...f("g", '{"a":2}') }]],
    ],
    [
      "by numbers that are texts",
      [
        [{ index: "0", id: "a", ...f("f", '{"a":') }],
        [{ index: "0", ...f(undefined, "1}") }],
        [{ index: "1", id: "b", ...f("g", '{"a":2}') }],
      ],
    ],
    [
      "all as 0, with ids",
      [[{ index: 0, id: "a", ...f("f", '{"a":1}') }], [{ index: 0, id: "b", ...f("g", '{"a":2}') }]],
    ],
    [
      "all as 0, with ids, in one chunk",
      [
        [
          { index: 0, id: "a", ...f("f", '{"a":1}') },
          { index: 0, id: "b", ...f("g", '{"a":2}') },
        ],
      ],
    ],
    ["all as 0, with names only", [[{ index: 0, ...f("f", '{"a":1}') }], [{ index: 0, id: "", ...f("g", '{"a":2}') }]]],
    [
      "all as 0, in pieces",
      [
        [{ index: 0, id: "a", ...f("f", "") }],
        [{ index: 0, ...f(undefined, '{"a":1}') }],
        [{ index: 0, id: "b", ...f("g", "") }],
        [{ index: 0, ...f(undefined, '{"a":2}') }],
      ],
    ],
    [
      "not at all, with ids",
      [[{ id: "a", ...f("f", '{"a"') }], [f(undefined, ":1}")], [{ id: "b", ...f("g", '{"a":2}') }]],
    ],
    ["not at all, without ids", [[f("f", '{"a":1}')], [f("g", '{"a":2}')]]],
    [
      "not at all, two at once",
      [
        [f("f", '{"a"'), f("g", '{"a"')],
        [f(undefined, ":1}"), f(undefined, ":2}")],
      ],
    ],
    [
      "by another number for each piece",
      [
        [{ index: 0, id: "a", ...f("f", '{"a"') }],
        [{ index: 1, id: "a", ...f(undefined, ":1}") }],
        [{ index: 2, id: "b", ...f("g", '{"a":2}') }],
      ],
    ],
    [
      "with one id for both",
      [[{ index: 0, id: "a", ...f("f", '{"a":1}') }], [{ index: 1, id: "a", ...f("g", '{"a":2}') }]],
    ],
    [
      "with another id for each piece",
      [
        [{ index: 0, id: "a", ...f("f", '{"a"') }],
        [{ index: 0, id: "x", ...f(undefined, ":1}") }],
        [{ index: 1, id: "b", ...f("g", '{"a":2}') }],
      ],
    ],
    [
      "with id and name on every piece",
      [
        [{ index: 0, id: "a", ...f("f", '{"a"') }],
        [{ index: 0, id: "a", ...f("f", ":1}") }],
        [{ index: 1, id: "b", ...f("g", '{"a":2}') }],
      ],
    ],
    [
      "with empty ids and names on every piece",
      [
        [{ index: 0, id: "a", ...f("f", '{"a"') }],
        [{ index: 0, id: "", ...f("", ":1}") }],
        [{ index: 1, id: null, ...f("g", '{"a":2}') }],
      ],
    ],
    ["with numbers as ids", [[{ index: 0, id: 7, ...f("f", '{"a":1}') }], [{ index: 1, id: 8, ...f("g", '{"a":2}') }]]],
    [
      "with a name behind its id",
      [
        [{ index: 0, id: "a" }],
        [{ index: 0, ...f("f", '{"a"') }],
        [{ index: 0, ...f(undefined, ":1}") }],
        [{ index: 1, id: "b", ...f("g", '{"a":2}') }],
      ],
    ],
    [
      "in turn",
      [
        [
          { index: 3, id: "a", ...f("f", '{"a"') },
          { index: 4, id: "b", ...f("g", '{"a"') },
        ],
        [{ index: 4, ...f(undefined, ":2}") }],
        [{ index: 3, ...f(undefined, ":1}") }],
      ],
    ],
    [
      "told whole once more",
      [
        [{ index: 0, id: "a", ...f("f", '{"a":1}') }],
        [{ index: 1, id: "b", ...f("g", '{"a":2}') }],
        [{ index: 1, id: "b", ...f("g", '{"a":2}') }],
      ],
    ],
    [
      "as one object in place of a list",
      [
        { index: 0, id: "a", ...f("f", '{"a":1}') },
        { index: 1, id: "b", ...f("g", '{"a":2}') },
      ],
    ],
    [
      "with name and arguments in the call itself",
      [
        [{ index: 0, id: "a", name: "f", arguments: '{"a":1}' }],
        [{ index: 1, id: "b", name: "g", arguments: { a: 2 } }],
      ],
    ],
  ])("where the provider counts them %s", (_, lists) => {
    expect(callsOf(lists)).toEqual(twoCalls);
  });

  test("the same function called twice under one id without arguments is two calls", () => {
    const lists = [0, 1].map((index) => [{ index, id: "a", ...f("f", "") }]);
    expect(callsOf(lists)).toEqual(["f{}", "f{}"]);
  });

  test("the same function called twice without ids is two calls", () => {
    expect(callsOf([[{ index: 0, ...f("f", '{"a":1}') }], [{ index: 0, ...f("f", '{"a":2}') }]])).toEqual([
      'f{"a":1}',
      'f{"a":2}',
    ]);
  });

  test("more than two of them, in many pieces, stay apart", () => {
    const names = ["f", "g", "h", "i"];
    const begun = names.map((name, index) => [{ index: index + 1, id: `id${index}`, ...f(name, "") }]);
    const pieces = names.flatMap((_, index) =>
      ['{"x":"', "}{", '"}'].map((text) => [{ index: index + 1, ...f(undefined, text) }]),
    );
    expect(callsOf([...begun, ...pieces])).toEqual(names.map((name) => `${name}{"x":"}{"}`));
  });

  test("calls of custom tools are no different", () => {
    const calls = [
      [{ index: 1, id: "a", type: "custom", custom: { name: "p", input: "a" } }],
      [{ index: 1, custom: { input: "b" } }],
      [{ index: 2, id: "b", custom: { name: "q" } }],
    ];
    expect(callsOf(calls)).toEqual(["p=ab", "q="]);
  });

  test("a call that is never named is no answer", () => {
    expect(() => callsOf([[{ index: 0, id: "a", ...f(undefined, "{}") }]])).toThrow("a tool call has no name");
  });

  test("what only the provider knows of a call stays on it", () => {
    const tap = new StreamTap({ provider: "google", outcome: newOutcome(), reasoning: "included", facts, choices: 1 });
    const signed = { extra_content: { google: { thought_signature: "s" } }, ...f("f", "{}") };
    const text =
      tap.push(Buffer.from(frame({ role: "assistant", tool_calls: [signed] }, "stop"))).toString() + tap.end();
    expect(assemble(chunksOf(text)).toolCalls).toMatchObject([{ extra_content: signed.extra_content }]);
  });
});

describe("arguments are JSON text", () => {
  test.each<[string, readonly unknown[], string]>([
    ["where none come", [[{ index: 0, id: "a", ...f("f") }]], "{}"],
    ["where they are empty", [[{ index: 0, id: "a", ...f("f", "") }], [{ index: 0, ...f(undefined, "") }]], "{}"],
    ["where they are white space", [[{ index: 0, id: "a", ...f("f", " \n") }]], " \n{}"],
    ["where they are null", [[{ index: 0, id: "a", ...f("f", null) }]], "{}"],
    ["where they are an object", [[{ index: 0, id: "a", ...f("f", { a: [1] }) }]], '{"a":[1]}'],
  ])("%s", (_, lists, text) => {
    expect(callsOf(lists)).toEqual([`f${text}`]);
  });

  test.each(["stop", "tool_calls", "function_call", "tool_use", "STOP"])(
    "and the reason is tool_calls where the provider says %s",
    (reason) => {
      expect(callsOf([[{ index: 0, id: "a", ...f("f", "{}") }]], reason)).toEqual(["f{}"]);
    },
  );

  test("the older function_call is a call, too", () => {
    const tap = new StreamTap({ provider: "x-ai", outcome: newOutcome(), reasoning: "added", facts, choices: 1 });
    const text =
      tap
        .push(
          Buffer.from(
            frame({ function_call: { name: "f", arguments: "" } }) +
              frame({ function_call: { arguments: "{}" } }, "function_call"),
          ),
        )
        .toString() + tap.end();
    expect(assemble(chunksOf(text))).toMatchObject({
      finish: "tool_calls",
      toolCalls: [{ function: { name: "f", arguments: "{}" } }],
    });
  });

  test("pieces of arguments in OpenAI's own form leave as the very bytes that came", () => {
    const tap = new StreamTap({ provider: "openai", outcome: newOutcome(), reasoning: "included", facts, choices: 1 });
    tap.push(
      Buffer.from(frame({ role: "assistant", tool_calls: [{ index: 0, id: "a", type: "function", ...f("f", "") }] })),
    );
    tap.push(Buffer.from(frame({ tool_calls: [{ index: 0, ...f(undefined, '{"a') }] })));
    const bytes = Buffer.from(frame({ tool_calls: [{ index: 0, ...f(undefined, '":"é') }] }));
    expect(tap.push(bytes)).toBe(bytes);
  });

  test("a look that was learnt of one call is not another's under the same number", () => {
    const piece = (text: string) => [{ index: 0, ...f(undefined, text) }];
    const lists = [[{ index: 0, id: "a", ...f("f", "") }], piece('{"a"'), piece(":"), piece("1}")];
    expect(callsOf([...lists, [{ index: 0, id: "b", ...f("g", "") }], piece('{"a"'), piece(":"), piece("2}")])).toEqual(
      twoCalls,
    );
  });
});
