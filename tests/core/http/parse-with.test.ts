import { describe, expect, it } from "vitest";
import * as z from "zod";
import { GatewayError } from "#core/errors.ts";
import { parseWith } from "#core/http/parse-with.ts";
import { chatRequestSchema } from "#core/schemas/chat.ts";

const faultOf = (schema: z.core.$ZodType, value: unknown) => {
  try {
    parseWith(schema, value);
  } catch (error) {
    if (error instanceof GatewayError) {
      const { code, status, param, message, details } = error;
      return { code, status, param, message, issues: details.issues as { path: string; message: string }[] };
    }
    throw error;
  }
  throw new Error("The schema took it");
};

const user = { role: "user", content: "hi" };
const chat = (changes: object) => faultOf(chatRequestSchema, { model: "gpt", messages: [user], ...changes });

describe("a schema's complaints", () => {
  it.each([
    ["a field at the top", { messages: [user] }, "model"],
    ["the list of messages", { model: "gpt" }, "messages"],
    ["a message's role", { model: "gpt", messages: [user, { content: "hi" }] }, "messages[1].role"],
    ["a message's content", { model: "gpt", messages: [{ role: "user" }] }, "messages[0].content"],
    ["a tool message's id", { model: "gpt", messages: [{ role: "tool", content: "x" }] }, "messages[0].tool_call_id"],
    [
      "a part's text",
      { model: "gpt", messages: [{ role: "user", content: [{ type: "text" }] }] },
      "messages[0].content[0].text",
    ],
    [
      "a tool's name",
      { model: "gpt", messages: [user], tools: [{ type: "function", function: {} }] },
      "tools[0].function.name",
    ],
  ])("about %s that is absent are MISSING_REQUIRED_FIELD and name it", (_name, value, param) => {
    expect(faultOf(chatRequestSchema, value)).toMatchObject({
      code: "MISSING_REQUIRED_FIELD",
      status: 400,
      param,
      message: `The field ${param} is missing.`,
    });
  });

  it("may have no message beside a prompt, and beside nothing else", () => {
    const alone = { model: "gpt", messages: [], prompt_id: "welcome" };
    expect(chatRequestSchema.safeParse(alone).success).toBe(true);
    expect(faultOf(chatRequestSchema, { ...alone, prompt_id: undefined })).toMatchObject({ param: "messages" });
  });

  it.each([
    [{ temperature: 3 }, "temperature"],
    [{ model: 5 }, "model"],
    [{ model: "" }, "model"],
    [{ messages: [] }, "messages"],
    [{ messages: "hi" }, "messages"],
    [{ messages: [{ role: "robot", content: "hi" }] }, "messages[0].role"],
    [{ messages: [{ role: "user", content: 5 }] }, "messages[0].content"],
    [{ messages: [{ role: "user", content: [] }] }, "messages[0].content"],
    [{ messages: [{ role: "user", content: [{ type: "text", text: 5 }] }] }, "messages[0].content[0].text"],
    [{ messages: [{ role: "user", content: [{ type: "video" }] }] }, "messages[0].content[0].type"],
    [{ tools: [{ type: "function", function: { name: "no spaces" } }] }, "tools[0].function.name"],
    [{ retries: 6 }, "retries"],
    [{ timeout: 300_001 }, "timeout"],
    [{ load_balance: { strategy: "best", targets: [{ model: "gpt" }] } }, "load_balance.strategy"],
    [{ load_balance: { strategy: "cost", targets: [{ model: "gpt", wieght: 1 }] } }, "load_balance.targets[0].wieght"],
    [{ guardrails: { input: ["pi"] } }, "guardrails.input[0]"],
  ])("about %j are 400 and point at %s", (changes, param) => {
    const fault = chat(changes);
    expect(fault).toMatchObject({ code: "BAD_REQUEST", status: 400, param });
    expect(fault.issues[0]?.path).toBe(param);
  });

  it("list every path, fifty at most", () => {
    expect(chat({ temperature: -1, top_p: 2, n: 0 }).issues.map(({ path }) => path)).toEqual([
      "temperature",
      "top_p",
      "n",
    ]);
    const many = Object.fromEntries(Array.from({ length: 80 }, (_, index) => [`f${index}`, 1]));
    expect(faultOf(z.strictObject({}), many).issues).toHaveLength(50);
  });

  it.each([null, 5, "text", [], true])("about a body that is no object (%j) name the body", (value) => {
    expect(faultOf(z.strictObject({ a: z.string() }), value)).toMatchObject({
      code: "BAD_REQUEST",
      param: null,
      message: expect.stringContaining("The body must be an object, not "),
    });
  });

  it("never repeat a value, which may be a prompt or a key", () => {
    const secret = "sk-secret-value";
    for (const changes of [
      { temperature: secret },
      { messages: [{ role: secret, content: secret }] },
      { messages: [{ role: "user", content: [{ type: secret, text: secret }] }] },
      { tools: [{ type: "function", function: { name: `${secret} !` } }] },
      { tool_choice: secret },
      { load_balance: { strategy: secret, targets: secret } },
    ]) {
      expect(JSON.stringify(chat(changes))).not.toContain(secret);
    }
  });
});
