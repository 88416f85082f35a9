import { deflateRawSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { toEncryptedContent } from "#core/dialects/responses/carried.ts";
import { responsesDialect } from "#core/dialects/responses/dialect.ts";
import { heldMessageId, holderId } from "#core/dialects/responses/item-ids.ts";
import { responsesToChat } from "#core/dialects/responses/to-chat.ts";
import { GatewayError } from "#core/errors.ts";
import { parseWith } from "#core/http/parse-with.ts";
import { responsesRequestSchema } from "#core/schemas/responses.ts";

const translate = (body: object) =>
  responsesToChat(parseWith(responsesRequestSchema, { model: "gpt", input: "Hello", ...body }));
const messages = (input: unknown, more: object = {}) => translate({ input, ...more }).request.messages;

const refusal = (body: object): GatewayError => {
  try {
    const { refusal: reason, untranslatable } = translate(body);
    const refused = untranslatable ?? reason;
    if (refused !== undefined) return refused;
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
  throw new Error("The request was taken");
};

const holderOf = (text: string) => `rs_ckz_${deflateRawSync(text).toString("base64url")}`;
const text = (length: number) => ({ type: "output_text", text: "x".repeat(length) });
const call = (id: string, name = "run") => ({ type: "function_call", call_id: id, name, arguments: "{}" });
const output = (id: string, text: unknown = "done") => ({ type: "function_call_output", call_id: id, output: text });

describe("the input", () => {
  it("may be one text", () => {
    expect(messages("Hello")).toEqual([{ role: "user", content: "Hello" }]);
  });

  it("follows the instructions", () => {
    expect(messages("Hello", { instructions: "Be brief" })[0]).toEqual({ role: "system", content: "Be brief" });
  });

  it("has messages with and without a type, of texts and of parts", () => {
    expect(
      messages([
        { type: "message", id: "msg_of_somebody", role: "developer", content: [{ type: "input_text", text: "a" }] },
        { role: "system", content: "b" },
        { role: "user", content: [{ type: "input_text", text: "c" }] },
        { type: "message", role: "assistant", content: "d" },
        { role: "assistant", id: "msg_1", content: [{ type: "output_text", text: "e", annotations: [] }] },
        { role: "user", content: "f" },
      ]),
    ).toEqual([
      { role: "developer", content: [{ type: "text", text: "a" }] },
      { role: "system", content: "b" },
      { role: "user", content: [{ type: "text", text: "c" }] },
      {
        role: "assistant",
        content: [
          { type: "text", text: "d" },
          { type: "text", text: "e" },
        ],
      },
      { role: "user", content: "f" },
    ]);
  });

  it("has images and files of the user", () => {
    const [message] = messages([
      {
        role: "user",
        content: [
          { type: "input_image", image_url: "data:image/png;base64,AA==", detail: "low" },
          { type: "input_file", file_data: "data:application/pdf;base64,AA==", filename: "a.pdf" },
        ],
      },
    ]);
    expect(message?.content).toEqual([
      { type: "image_url", image_url: { url: "data:image/png;base64,AA==", detail: "low" } },
      { type: "file", file: { file_data: "data:application/pdf;base64,AA==", filename: "a.pdf" } },
    ]);
  });

  it("brings images that a tool gave back after the results of all calls", () => {
    const image = { type: "input_image", image_url: "https://example.com/a.png" };
    const found = messages([{ role: "user", content: "x" }, call("a"), call("b"), output("a", [image]), output("b")]);
    expect(found.map(({ role }) => role)).toEqual(["user", "assistant", "tool", "tool", "user"]);
    expect(found.at(-1)?.content).toEqual([{ type: "image_url", image_url: { url: image.image_url } }]);
  });

  it("makes one turn of reasoning, words and parallel calls", () => {
    const found = messages([
      { role: "user", content: "x" },
      { type: "reasoning", id: "rs_1", summary: [], content: null, encrypted_content: "gAAAA" },
      { role: "assistant", content: "Let me see" },
      { ...call("a"), id: "fc_1", status: "completed" },
      call("b"),
      output("a"),
      output("b"),
    ]);
    expect(found[1]).toEqual({
      role: "assistant",
      content: "Let me see",
      tool_calls: [
        { id: "a", type: "function", function: { name: "run", arguments: "{}" } },
        { id: "b", type: "function", function: { name: "run", arguments: "{}" } },
      ],
      reasoning_details: [{ type: "reasoning.encrypted", id: "rs_1", data: "gAAAA", format: "openai-responses-v1" }],
    });
    expect(found).toHaveLength(4);
  });

  it("puts a result after its call wherever it stands", () => {
    const found = messages([call("a"), { role: "user", content: "wait" }, output("a", "late")]);
    expect(found.map(({ role }) => role)).toEqual(["assistant", "tool", "user"]);
  });

  it("gives each turn its own result where the ids repeat", () => {
    const found = messages([call("call_0"), output("call_0", "1"), call("call_0"), output("call_0", "2")]);
    expect(found.map(({ role, content }) => [role, content])).toEqual([
      ["assistant", null],
      ["tool", "1"],
      ["assistant", null],
      ["tool", "2"],
    ]);
  });

  it("gives back to a provider what its reasoning carried", () => {
    const block = { type: "thinking", thinking: "Hm", signature: "sig" };
    const carried = toEncryptedContent({
      thinking_blocks: [block],
      calls: { a: { google: { thought_signature: "s" } } },
    });
    const [, turn] = messages([
      { role: "user", content: "x" },
      { type: "reasoning", summary: [{ type: "summary_text", text: "Hm" }], encrypted_content: carried },
      call("a"),
      output("a"),
    ]);
    expect(turn).toMatchObject({
      thinking_blocks: [block],
      reasoning_content: "Hm",
      tool_calls: [{ id: "a", extra_content: { google: { thought_signature: "s" } } }],
    });
  });

  it("drops reasoning without its content, and references to it", () => {
    const found = messages([
      { role: "user", content: "x" },
      { type: "reasoning", id: "rs_1", summary: [] },
      { type: "item_reference", id: "rs_2" },
      { role: "user", content: "y" },
    ]);
    expect(found.map(({ role }) => role)).toEqual(["user", "user"]);
  });

  it("takes a message back from the id that holds it", () => {
    const id = heldMessageId("Grüße") ?? "";
    expect(messages([{ id }, { role: "user", content: "x" }])[0]).toEqual({ role: "assistant", content: "Grüße" });
  });

  it("refuses a reference that it cannot resolve, and names the setting to change", () => {
    const error = refusal({ input: [{ type: "item_reference", id: "msg_1" }] });
    expect(error).toMatchObject({ status: 400, param: "input[0]" });
    expect(error.message).toContain("store");
  });

  it.each([
    ["no deflated bytes", "rs_ckz_!!!"],
    ["no JSON", holderOf("{")],
    ["no pairs", holderOf("null")],
    ["pairs of something else", holderOf('[["msg_1"],[1,"x"],"msg_1",null,["msg_1",{}]]')],
    ["a prototype", holderOf('[["__proto__","x"]]')],
  ])("finds nothing in an id that holds %s", (_, id) => {
    const input = [
      { type: "item_reference", id },
      { type: "item_reference", id: "msg_1" },
      { role: "user", content: "x" },
    ];
    expect(refusal({ input })).toMatchObject({ status: 400, param: "input[1]" });
  });

  it("is not blown up by ids that hold a thousand times their own size", () => {
    const message = { type: "item_reference", id: heldMessageId("x".repeat(60_000)) };
    const holder = {
      type: "item_reference",
      id: holderId([{ type: "message", id: "msg_1", content: [text(60_000)] }]),
    };
    const few = Array.from({ length: 20 }, () => message);
    expect(messages([...few, { role: "user", content: "x" }]).length).toBeGreaterThan(1);
    for (const item of [message, holder]) {
      const input = Array.from({ length: 1_000 }, () => item);
      expect(refusal({ input })).toMatchObject({ status: 400, param: "input" });
      const body = parseWith(responsesRequestSchema, { model: "gpt", input });
      expect(() => responsesDialect.native?.body(body)).toThrow(/hold more than/);
    }
  });

  it("leaves out items of hosted tools and of tomorrow, and says so", () => {
    const { request, warnings } = translate({
      input: [
        { role: "user", content: "x" },
        { type: "web_search_call", id: "ws_1", status: "completed" },
        { type: "telepathy_call" },
      ],
    });
    expect(request.messages).toHaveLength(1);
    expect(warnings).toEqual(["input.web_search_call", "input.telepathy_call"]);
  });

  it.each([
    ["nothing", { input: undefined }, "input"],
    ["an empty text", { input: "" }, "input"],
    ["an empty list", { input: [] }, "input"],
    ["reasoning alone", { input: [{ type: "reasoning", encrypted_content: "x" }] }, "input"],
    ["a role that does not exist", { input: [{ role: "robot", content: "x" }] }, "input[0].role"],
    [
      "a part that does not exist",
      { input: [{ role: "user", content: [{ type: "smell" }] }] },
      "input[0].content[0].type",
    ],
    [
      "a file by its id",
      { input: [{ role: "user", content: [{ type: "input_file", file_id: "file_1" }] }] },
      "input[0].content[0]",
    ],
    ["a call without an id", { input: [{ type: "function_call", name: "a", arguments: "{}" }] }, "input[0].call_id"],
    [
      "a history that only its provider reads",
      { input: [{ type: "compaction", encrypted_content: "x" }] },
      "input[0].type",
    ],
  ])("refuses %s", (_, body, param) => {
    expect(refusal(body)).toMatchObject({ status: 400, param });
  });
});

describe("what needs a store", () => {
  it.each([
    ["previous_response_id", "resp_1"],
    ["conversation", "conv_1"],
    ["conversation", { id: "conv_1" }],
    ["prompt", { id: "pmpt_1" }],
    ["background", true],
  ])("%s is refused with the reason", (name, value) => {
    expect(refusal({ [name]: value })).toMatchObject({ status: 400, param: name });
  });

  it("is never asked of a provider: store alone is taken and means nothing", () => {
    for (const store of [true, false, null]) expect(translate({ store }).request).not.toHaveProperty("store");
  });
});

describe("fields", () => {
  it("that are null, {}, [] or empty are as absent", () => {
    const empty = {
      include: null,
      metadata: {},
      truncation: null,
      previous_response_id: null,
      user: "",
      reasoning: {},
      text: {},
      tools: [],
      tool_choice: "auto",
      parallel_tool_calls: true,
      max_output_tokens: null,
    };
    expect(translate(empty)).toEqual({
      request: { model: "gpt", messages: [{ role: "user", content: "Hello" }] },
      warnings: [],
      refusal: undefined,
      untranslatable: undefined,
    });
  });

  it("become those of a chat completion", () => {
    const { request } = translate({
      stream: true,
      max_output_tokens: 100,
      reasoning: { effort: "high", summary: "auto" },
      text: {
        verbosity: "low",
        format: { type: "json_schema", name: "city", strict: true, schema: { type: "object" }, description: null },
      },
      temperature: 0.5,
      top_p: 0.9,
      prompt_cache_key: "k",
      fallback: ["claude"],
    });
    expect(request).toMatchObject({
      stream: true,
      stream_options: { include_usage: true },
      max_completion_tokens: 100,
      reasoning_effort: "high",
      verbosity: "low",
      response_format: { type: "json_schema", json_schema: { name: "city", strict: true, schema: { type: "object" } } },
      temperature: 0.5,
      top_p: 0.9,
      prompt_cache_key: "k",
      fallback: ["claude"],
    });
  });

  it("that nobody knows are dropped and named", () => {
    const { request, warnings } = translate({ truncation: "auto", max_tool_calls: 3, telepathy: true, "a\nb": 1 });
    expect(warnings).toEqual(["max_tool_calls", "truncation", "telepathy", "other"]);
    expect(Object.keys(request)).toEqual(["model", "messages"]);
  });
});

describe("tools", () => {
  const search = { type: "web_search", external_web_access: true };
  const run = { type: "function", name: "run", parameters: {}, strict: null };

  it("that a provider runs itself are dropped and named, never refused", () => {
    const { request, warnings } = translate({ tools: [run, search], tool_choice: "auto" });
    expect(request.tools?.map((tool) => tool.type === "function" && tool.function.name)).toEqual(["run"]);
    expect(request.tool_choice).toBe("auto");
    expect(warnings).toEqual(["tools.web_search"]);
    expect(translate({ tools: [search], tool_choice: "auto" }).request).not.toHaveProperty("tool_choice");
  });

  it("of a namespace are flattened, also in the history and in the choice", () => {
    const members = ["a", "b"].map((name) => ({ ...run, name }));
    const { request } = translate({
      tools: [
        { type: "namespace", name: "ns", description: "x", tools: members },
        { ...run, name: "a" },
      ],
      tool_choice: { type: "function", name: "b", namespace: "ns" },
      input: [{ ...call("1", "a"), namespace: "ns" }, output("1")],
    });
    const flat = ["ns__a", "ns__b", "a"];
    expect(request.tools?.map((tool) => tool.type === "function" && tool.function.name)).toEqual(flat);
    expect(request.tool_choice).toEqual({ type: "function", function: { name: "ns__b" } });
    expect(request.messages[0]).toMatchObject({ tool_calls: [{ function: { name: "ns__a" } }] });
  });

  it("whose names no provider takes get one that stays the same", () => {
    const names = ["a.b/c", "x".repeat(100)];
    const tools = names.map((name) => ({ ...run, name }));
    const flat = () =>
      translate({ tools }).request.tools?.map((tool) => (tool.type === "function" ? tool.function.name : ""));
    for (const name of flat() ?? []) expect(name).toMatch(/^[a-zA-Z0-9_-]{1,64}$/);
    expect(flat()).toEqual(flat());
  });

  it("that are custom become functions with their grammar, and their calls too", () => {
    const patch = {
      type: "custom",
      name: "apply_patch",
      description: "Patches",
      format: { type: "grammar", syntax: "lark", definition: "start: /.+/" },
    };
    const { request } = translate({
      tools: [patch],
      tool_choice: { type: "custom", name: "apply_patch" },
      input: [
        { type: "custom_tool_call", id: "ctc_1", call_id: "1", name: "apply_patch", input: 'a\n"b"' },
        { type: "custom_tool_call_output", call_id: "1", output: "ok" },
      ],
    });
    expect(request.tools?.[0]).toMatchObject({
      type: "function",
      function: { name: "apply_patch", description: expect.stringContaining("start: /.+/") },
    });
    expect(request.tool_choice).toEqual({ type: "function", function: { name: "apply_patch" } });
    expect(request.messages[0]).toMatchObject({
      tool_calls: [{ function: { name: "apply_patch", arguments: JSON.stringify({ input: 'a\n"b"' }) } }],
    });
    expect(request.messages[1]).toEqual({ role: "tool", tool_call_id: "1", content: "ok" });
  });

  it("that are allowed are named to the core, hosted ones left out", () => {
    const allowed = (mode: string) => ({
      type: "allowed_tools",
      mode,
      tools: [{ type: "function", name: "run" }, { type: "web_search" }],
    });
    expect(translate({ tools: [run], tool_choice: allowed("required") }).request.tool_choice).toEqual({
      type: "allowed_tools",
      allowed_tools: { mode: "required", tools: [{ type: "function", function: { name: "run" } }] },
    });
  });

  it.each([
    ["a hosted tool that must be called", { tools: [search], tool_choice: { type: "web_search" } }, "tool_choice"],
    ["a call of any tool where only hosted ones are", { tools: [search], tool_choice: "required" }, "tool_choice"],
    ["an unknown choice", { tools: [run], tool_choice: "maybe" }, "tool_choice"],
    ["a tool without a name", { tools: [{ type: "function" }] }, "tools[0].name"],
    ["a tool without a type", { tools: [{ name: "a" }] }, "tools[0].type"],
    ["two tools of one name", { tools: [run, run] }, "tools[1].name"],
    ["parameters that are no schema", { tools: [{ ...run, parameters: "x" }] }, "tools[0].parameters"],
  ])("refuses %s", (_, body, param) => {
    expect(refusal(body)).toMatchObject({ status: 400, param });
  });
});
