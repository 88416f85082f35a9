import { describe, expect, it } from "vitest";
import { applyInputGuardrails } from "#core/guardrails/input.ts";
import { type ChatRequest, chatRequestSchema, gatewayFields } from "#core/schemas/chat.ts";
import { fc, runs } from "#tests/support/property.ts";
import { judge, noJudge } from "./moderation-stub.ts";

const { signal } = new AbortController();
const person = "bob@example.com";
const phone = "415-555-2671";

const apply = (request: ChatRequest, action: "block" | "redact" | "flag") =>
  applyInputGuardrails(request, { pii: action }, { moderate: noJudge, signal });

const requestWith = (fields: Readonly<Record<string, unknown>>): ChatRequest =>
  chatRequestSchema.parse({ model: "gpt", messages: [{ role: "user", content: "Hello" }], ...fields });

const message = (fields: Readonly<Record<string, unknown>>) =>
  requestWith({ messages: [{ content: "Hello", ...fields }] });
const call = (fields: Readonly<Record<string, unknown>>) =>
  message({ role: "assistant", tool_calls: [{ id: "call_1", type: "function", ...fields }] });
const tool = (fields: Readonly<Record<string, unknown>>) =>
  requestWith({ tools: [{ type: "function", function: { name: "f", ...fields } }] });
const schemaWith = (schema: unknown) => ({ type: "object", properties: { a: schema } });

/** What may be said with a placeholder in it, by the path that the error names. */
const replaceable: readonly (readonly [path: string, request: ChatRequest])[] = [
  ["messages[0].content", message({ role: "user", content: person })],
  ["messages[0].content[0].text", message({ role: "user", content: [{ type: "text", text: person }] })],
  ["messages[0].name", message({ role: "user", name: person })],
  ["messages[0].refusal", message({ role: "assistant", refusal: person })],
  ["messages[0].reasoning_content", message({ role: "assistant", reasoning_content: person })],
  ["messages[0].some_field.inner[0]", message({ role: "user", some_field: { inner: [person] } })],
  [
    "messages[0].content[0].file.filename",
    message({ role: "user", content: [{ type: "file", file: { filename: `${person}.pdf`, file_data: "aGk=" } }] }),
  ],
  [
    "messages[0].content[0].cache_control.ttl",
    message({
      role: "user",
      content: [{ type: "text", text: "a", cache_control: { type: "ephemeral", ttl: person } }],
    }),
  ],
  [
    "messages[0].tool_calls[0].function.arguments",
    call({ function: { name: "f", arguments: JSON.stringify({ to: person }) } }),
  ],
  [
    "messages[0].tool_calls[0].custom.input",
    message({ role: "assistant", tool_calls: [{ id: "c", type: "custom", custom: { name: "f", input: person } }] }),
  ],
  ["tools[0].function.description", tool({ description: `Writes to ${person}` })],
  ["tools[0].function.parameters.properties.a.description", tool({ parameters: schemaWith({ description: person }) })],
  ["tools[0].function.parameters.properties.a.enum[1]", tool({ parameters: schemaWith({ enum: ["x", person] }) })],
  [
    "tools[0].function.parameters.properties.a.const",
    tool({ parameters: schemaWith({ const: 4_111_111_111_111_111 }) }),
  ],
  [
    "tools[0].function.parameters.properties.*",
    tool({ parameters: { type: "object", properties: { [person]: { type: "string" } } } }),
  ],
  [
    "tools[0].custom.format.grammar.definition",
    requestWith({
      tools: [
        {
          type: "custom",
          custom: { name: "f", format: { type: "grammar", grammar: { syntax: "regex", definition: person } } },
        },
      ],
    }),
  ],
  [
    "response_format.json_schema.description",
    requestWith({ response_format: { type: "json_schema", json_schema: { name: "f", description: person } } }),
  ],
  [
    "response_format.json_schema.schema.properties.a.examples[0]",
    requestWith({
      response_format: { type: "json_schema", json_schema: { name: "f", schema: schemaWith({ examples: [person] }) } },
    }),
  ],
  ["prediction.content", requestWith({ prediction: { type: "content", content: person } })],
  [
    "prediction.content[0].text",
    requestWith({ prediction: { type: "content", content: [{ type: "text", text: person }] } }),
  ],
  ["metadata.customer", requestWith({ metadata: { customer: person } })],
  ["metadata.*", requestWith({ metadata: { [person]: "customer" } })],
  ["user", requestWith({ user: person })],
  ["stop[1]", requestWith({ stop: ["END", person] })],
  ["safety_identifier", requestWith({ safety_identifier: person })],
  ["prompt_cache_key", requestWith({ prompt_cache_key: person })],
  [
    "web_search_options.user_location.approximate.city",
    requestWith({ web_search_options: { user_location: { approximate: { city: person } } } }),
  ],
  ["extra_body.google.cached_content", requestWith({ extra_body: { google: { cached_content: person } } })],
  ["a_field_of_next_year.deep[0].text", requestWith({ a_field_of_next_year: { deep: [{ text: person }] } })],
  ["metadata.*.inner", requestWith({ metadata: { "sk-not-in-a-path-1": { inner: person } } })],
  ["*", requestWith({ [person]: true })],
];

/** What a provider matches by its characters. */
const fixed: readonly (readonly [path: string, request: ChatRequest])[] = [
  ["messages[0].tool_calls[0].id", call({ id: person, function: { name: "f", arguments: "{}" } })],
  ["messages[0].tool_calls[0].function.name", call({ function: { name: phone, arguments: "{}" } })],
  ["messages[0].tool_call_id", message({ role: "tool", tool_call_id: person })],
  ["tools[0].function.name", requestWith({ tools: [{ type: "function", function: { name: phone } }] })],
  ["tools[0].custom.name", requestWith({ tools: [{ type: "custom", custom: { name: phone } }] })],
  ["tool_choice.function.name", requestWith({ tool_choice: { type: "function", function: { name: phone } } })],
  [
    "tool_choice.allowed_tools.tools[0].function.name",
    requestWith({
      tool_choice: {
        type: "allowed_tools",
        allowed_tools: { mode: "auto", tools: [{ type: "function", function: { name: phone } }] },
      },
    }),
  ],
  [
    "response_format.json_schema.name",
    requestWith({ response_format: { type: "json_schema", json_schema: { name: phone } } }),
  ],
];

const sealed: readonly (readonly [path: string, request: ChatRequest])[] = [
  [
    "messages[0].thinking_blocks",
    message({ role: "assistant", thinking_blocks: [{ type: "thinking", thinking: person }] }),
  ],
  ["messages[0].reasoning_details", message({ role: "assistant", reasoning_details: [{ text: person }] })],
  ["messages[0].extra_content", message({ role: "assistant", extra_content: { google: { thought: person } } })],
  [
    "messages[0].tool_calls[0].extra_content",
    call({ function: { name: "f", arguments: "{}" }, extra_content: { google: { thought: person } } }),
  ],
];

const value = new RegExp(`${person}|${phone}|4111`);

describe("the pii guardrail reads every text that leaves for the provider", () => {
  it.each([...replaceable, ...fixed, ...sealed])("blocks and flags at %s", async (path, request) => {
    const { blocked } = await apply(request, "block");
    expect(blocked).toMatchObject({ code: "GUARDRAIL_BLOCKED", param: path });
    expect(JSON.stringify(blocked?.toBody())).not.toMatch(value);
    const flagged = await apply(request, "flag");
    expect(flagged.request).toBe(request);
    expect(flagged.findings).toHaveLength(1);
  });

  it.each(replaceable)("puts a placeholder at %s, and the value back into the answer", async (_, request) => {
    const { request: left, restore, blocked } = await apply(request, "redact");
    expect(blocked).toBeUndefined();
    expect(JSON.stringify(left)).not.toMatch(value);
    expect(JSON.stringify(left)).toMatch(/\[(?:EMAIL|CARD)_1\]/);
    expect(restore?.restore("[EMAIL_1][CARD_1]")).toMatch(value);
    expect(() => chatRequestSchema.parse(left)).not.toThrow();
  });

  it.each(fixed)("refuses to redact %s: a placeholder would name nothing", async (path, request) => {
    const { blocked } = await apply(request, "redact");
    expect(blocked).toMatchObject({ code: "GUARDRAIL_BLOCKED", param: path });
  });

  it.each(sealed)("leaves out %s", async (path, request) => {
    const { request: left, blocked } = await apply(request, "redact");
    expect(blocked).toBeUndefined();
    expect(JSON.stringify(left)).not.toContain(path.split(".").at(-1));
  });

  it("keeps one placeholder for a value wherever it stands", async () => {
    const { request } = await apply(
      requestWith({
        messages: [{ role: "user", content: `Write to ${person}`, name: person }],
        metadata: { customer: person },
        tools: [{ type: "function", function: { name: "f", parameters: schemaWith({ enum: [person] }) } }],
      }),
      "redact",
    );
    expect(JSON.stringify(request).match(/\[EMAIL_\d\]/g)).toEqual(Array.from({ length: 4 }, () => "[EMAIL_1]"));
  });
});

describe("the pii guardrail leaves alone", () => {
  it("what no provider is sent, and the data and addresses of images, audio and files", async () => {
    const own = Object.fromEntries(gatewayFields.map((field) => [field, undefined]));
    const request = requestWith({
      ...own,
      fallback: [person],
      prompt_variables: { to: person },
      messages: [
        {
          role: "user",
          content: [
            { type: "image_url", image_url: { url: `https://example.com/${person}.png` } },
            { type: "input_audio", input_audio: { data: person, format: "wav" } },
            { type: "file", file: { file_data: `data:text/plain,${person}` } },
          ],
        },
      ],
    });
    const { findings, request: left } = await apply(request, "redact");
    expect(findings).toEqual([]);
    expect(left).toBe(request);
  });

  it("every other value of a request: only what holds a finding changes", async () => {
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.string(), fc.jsonValue()), async (metadata) => {
        const request = requestWith({ metadata, user: person });
        const { request: left, findings } = await apply(request, "redact");
        if (findings.length !== 1 || findings[0]?.count !== 1) return;
        expect(left).toEqual({ ...request, user: "[EMAIL_1]" });
      }),
      { numRuns: runs(200) },
    );
  });

  it("names and descriptions to the moderation, which judges what is said", async () => {
    const { moderate, shown } = judge();
    await applyInputGuardrails(
      requestWith({ metadata: { a: "b" }, tools: [{ type: "function", function: { name: "f", description: "d" } }] }),
      { content_moderation: "block" },
      { moderate, signal },
    );
    expect(shown).toEqual(["Hello"]);
  });
});

describe("a request of a thousand levels", () => {
  it("is judged to its end, and its path in the error is short", async () => {
    let deep: unknown = { to: person };
    for (let level = 0; level < 1_000; level += 1) deep = level % 2 === 0 ? [deep] : { level: deep };
    const { blocked, findings } = await apply(requestWith({ metadata: { deep } }), "block");
    expect(findings).toHaveLength(1);
    expect(blocked?.param?.length).toBe(200);
  });
});

describe("a request of very many texts", () => {
  it("is judged in time that follows its length, not its number of texts", { timeout: 60_000 }, async () => {
    const many = Array.from({ length: 200_000 }, (_, index) => `n${index}`);
    const { findings } = await apply(requestWith({ metadata: { many, last: person } }), "block");
    expect(findings).toEqual([{ guardrail: "pii", type: "email", count: 1 }]);
  });
});
