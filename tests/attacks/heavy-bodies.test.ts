import { afterEach, describe, expect, it, vi } from "vitest";
import * as z from "zod";
import { GatewayError } from "#core/errors.ts";
import type { Authenticate } from "#core/http/authenticate.ts";
import { jsonHandler } from "#core/http/handler.ts";
import { jsonExcess } from "#core/http/json-limits.ts";
import { withBody } from "#core/http/schema.ts";
import { routeById } from "#core/routes.ts";
import { callJson, muteLog } from "#tests/core/support/lambda.ts";
import { fc } from "#tests/support/property.ts";

/** Bodies that are cheap to send and dear to read. What is parsed is counted, not timed. */

muteLog();

const bytes = 4_500_000;
const repeated = (part: string, close = ""): string => {
  const times = Math.floor(bytes / (part.length + close.length));
  return part.repeat(times) + close.repeat(times);
};

const bombs: readonly (readonly [string, string])[] = [
  ["brackets", repeated("[")],
  ["brackets with their ends", repeated("[", "]")],
  ["objects in each other", `${repeated('{"a":', "}")}`],
  ["objects next to each other", `[${repeated("{},")}{}]`],
  ["empty arrays", `[${repeated("[],")}[]]`],
  ["members", `{${repeated('"a":1,')}"a":1}`],
  ["members with names of their own", `{${Array.from({ length: 330_000 }, (_, index) => `"f${index}":1`).join(",")}}`],
  ["numbers", `{"messages":[${repeated("1,")}1]}`],
  ["texts", `{"messages":[${repeated('"",')}""]}`],
  ["nulls", `[${repeated("null,")}null]`],
  [
    "members behind a long text",
    `{"text":"${"x".repeat(1_000_000)}\\"",${repeated('"a":1,').slice(0, 3_000_000)}"a":1}`,
  ],
];

const valid: Authenticate = async (state) => {
  state.principal = { kind: "key", userId: "user_1", keyId: "key_1" };
};
const refusing =
  (code: "INVALID_API_KEY" | "RATE_LIMIT_EXCEEDED"): Authenticate =>
  async () => {
    throw new GatewayError(code, "refused");
  };
const endpoint = withBody(z.looseObject({ model: z.string() }), async () => ({ status: 200, json: {} }));
const ask = (authenticate: Authenticate, body: string, headers: Record<string, string> = {}) =>
  callJson(jsonHandler({ route: routeById("ChatCompletions"), authenticate, endpoints: { POST: endpoint } }), {
    method: "POST",
    path: "/api/v1/chat/completions",
    headers: { "Content-Type": "application/json", ...headers },
    body,
  });
const longText = JSON.stringify({ model: "gpt", text: "x".repeat(100_000) });

describe("a body that unfolds into too much", () => {
  afterEach(() => vi.restoreAllMocks());

  it.each(bombs)("of %s is a 400 and is never parsed", async (_, body) => {
    const parse = vi.spyOn(JSON, "parse");
    const answer = await ask(valid, body);
    expect(parse.mock.calls.filter(([text]) => text.length > 100_000)).toEqual([]);
    parse.mockRestore();
    expect(answer.status).toBe(400);
  });

  it("is not a long conversation, a large picture or many tokens to embed", () => {
    const messages = Array.from({ length: 2_000 }, (_, index) => ({
      role: "user",
      content: [{ type: "text", text: `He said "${index}", and [more] {of} it, \\ and so on.` }],
    }));
    expect(jsonExcess(JSON.stringify({ messages }))).toBeUndefined();
    expect(jsonExcess(JSON.stringify({ url: `data:image/png;base64,${"A,[{".repeat(1_000_000)}` }))).toBeUndefined();
    expect(
      jsonExcess(JSON.stringify({ input: Array.from({ length: 40 }, () => new Array(8_000).fill(50_256)) })),
    ).toBeUndefined();
  });

  it("is known from its text alone: what is inside of strings does not count", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "binary" }), { maxLength: 50 }), (strings) => {
        const counted = vi.fn((text: string) => jsonExcess(text));
        expect(counted(JSON.stringify(strings.map((text) => text + '[{"\\,'.repeat(20_000))))).toBeUndefined();
      }),
      { numRuns: 20 },
    );
  });
});

describe("a body over 64 KB", () => {
  afterEach(() => vi.restoreAllMocks());
  const parsed = async (authenticate: Authenticate, headers = {}) => {
    const parse = vi.spyOn(JSON, "parse");
    const { status } = await ask(authenticate, longText, headers);
    const seen = parse.mock.calls.some(([text]) => text.length > 64 * 1024);
    parse.mockRestore();
    return { status, seen };
  };

  it("is parsed once its key is known, and not for a key that is unknown or exhausted", async () => {
    expect(await parsed(valid)).toEqual({ status: 200, seen: true });
    expect(await parsed(refusing("INVALID_API_KEY"))).toEqual({ status: 401, seen: false });
    expect(await parsed(refusing("RATE_LIMIT_EXCEEDED"))).toEqual({ status: 429, seen: false });
  });

  it("is not parsed while its key is being verified", async () => {
    const order: string[] = [];
    const parse = vi.spyOn(JSON, "parse").mockImplementation((text: string) => {
      if (text.length > 64 * 1024) order.push("parsed");
      return { model: "gpt" };
    });
    await ask(async (state) => {
      await new Promise((resolve) => setImmediate(resolve));
      order.push("verified");
      await valid(state);
    }, longText);
    parse.mockRestore();
    expect(order).toEqual(["verified", "parsed"]);
  });
});
