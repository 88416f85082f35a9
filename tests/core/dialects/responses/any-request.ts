import { fc } from "#tests/support/property.ts";

const junk = fc.jsonValue({ maxDepth: 3 });
const text = fc.oneof(fc.string(), fc.constantFrom("user", "assistant", "auto", "required", "function", "rs_1"));

/** One of these, or anything. */
const mostly = <Value>(...values: readonly Value[]) =>
  fc.oneof({ arbitrary: fc.constantFrom<unknown>(...values, null), weight: 60 }, { arbitrary: junk, weight: 1 });

const part = fc.record(
  {
    type: mostly("input_text", "input_image", "input_file", "input_audio", "output_text", "refusal", "summary_text"),
    text: mostly("Hello", ""),
    refusal: mostly("No"),
    image_url: mostly("https://example.com/a.png", "data:image/png;base64,AA=="),
    detail: mostly("auto"),
    file_data: mostly("data:application/pdf;base64,AA=="),
    file_id: mostly("file_1"),
    file_url: mostly("https://example.com/a.pdf"),
    input_audio: mostly({ data: "AA==", format: "wav" }),
  },
  { requiredKeys: [] },
);
const content = fc.oneof(
  { arbitrary: text, weight: 20 },
  { arbitrary: fc.array(part, { maxLength: 2 }), weight: 2 },
  { arbitrary: junk, weight: 1 },
);

const item = fc.record(
  {
    type: mostly(
      "message",
      "reasoning",
      "function_call",
      "function_call_output",
      "custom_tool_call",
      "custom_tool_call_output",
      "item_reference",
      "web_search_call",
      "compaction",
    ),
    id: mostly("rs_1", "msg_1", "msg_ckz_!", "fc_1"),
    role: mostly("user", "assistant", "system", "developer"),
    content,
    call_id: mostly("call_1", "call_2", ""),
    name: mostly("run", "a.b", ""),
    namespace: mostly("ns"),
    arguments: mostly("{}", ""),
    input: mostly("text"),
    output: content,
    summary: mostly([{ type: "summary_text", text: "Hm" }]),
    encrypted_content: mostly("gAAAA", "ck1.e30", "ck1.!", "ck1.eyJjYWxscyI6W119"),
    status: mostly("completed"),
  },
  { requiredKeys: ["call_id", "name", "arguments", "input", "output", "role", "content"] },
);

const tool = fc.record(
  {
    type: mostly("function", "custom", "namespace", "web_search", "mcp"),
    name: mostly("run", "apply_patch", "x".repeat(100), "a.b"),
    description: mostly("Runs"),
    parameters: mostly({ type: "object", properties: {} }, {}),
    strict: mostly(true, false),
    format: mostly({ type: "grammar", syntax: "lark", definition: "start: /x/" }, { type: "text" }),
    tools: fc.oneof(fc.constant([{ type: "function", name: "run" }]), junk),
  },
  { requiredKeys: ["type", "name"] },
);

/** Requests as clients could send them, now and then with something else in a field. */
export const anyResponsesRequest = fc.record(
  {
    model: mostly("gpt"),
    input: fc.oneof(text, fc.array(item, { maxLength: 4 })),
    instructions: mostly("Be brief", ""),
    tools: fc.oneof({ arbitrary: fc.array(tool, { maxLength: 3 }), weight: 20 }, { arbitrary: junk, weight: 1 }),
    tool_choice: mostly<unknown>(
      "auto",
      "none",
      "required",
      { type: "function", name: "run" },
      { type: "allowed_tools", mode: "auto", tools: [{ type: "function", name: "run" }] },
      { type: "web_search" },
    ),
    reasoning: mostly<unknown>({}, { effort: "high", summary: "auto" }),
    text: mostly<unknown>({}, { format: { type: "json_schema", name: "a", schema: {} }, verbosity: "low" }),
    include: mostly<unknown>([], ["reasoning.encrypted_content", "message.output_text.logprobs"]),
    max_output_tokens: mostly(1, 100),
    temperature: mostly(0, 1),
    top_p: mostly(1),
    top_logprobs: mostly(0, 3),
    stream: mostly(true, false),
    store: mostly(true, false),
    metadata: mostly<unknown>({}, { a: "b" }),
    background: mostly(false),
    previous_response_id: mostly(""),
    parallel_tool_calls: mostly(true, false),
    service_tier: mostly("auto"),
    fallback: mostly<unknown>([], ["claude"]),
  },
  { requiredKeys: ["model", "input"] },
);
