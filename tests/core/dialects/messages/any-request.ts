import { fc } from "#tests/support/property.ts";

/** Values that a field is not meant to have. */
export const hostile = fc.oneof(
  fc.constantFrom(
    null,
    true,
    -1,
    0,
    1e308,
    "",
    " ",
    "__proto__",
    "constructor",
    "\u0000",
    "\ud800",
    [],
    {},
    [[]],
    [{}],
  ),
  fc.constantFrom({ type: null }, { type: "text" }, { type: "constructor" }, [{ type: "toString" }], "a".repeat(2_000)),
  fc.jsonValue({ maxDepth: 3 }),
);

const textBlock = fc.record({ type: fc.constant("text"), text: fc.string() });
const source = fc.oneof(
  fc.record({ type: fc.constant("base64"), media_type: fc.string(), data: fc.string() }),
  fc.record({ type: fc.constant("url"), url: fc.string() }),
  fc.record({ type: fc.constant("text"), data: fc.string() }),
  fc.record({ type: fc.constant("content"), content: hostile }),
  fc.record({ type: fc.constant("file"), file_id: fc.string() }),
  fc.record({ type: fc.string() }),
);
const use = fc.record({
  type: fc.constant("tool_use"),
  id: fc.constantFrom("toolu_1", "call_0", "a b", "é"),
  name: fc.string({ minLength: 1, maxLength: 130 }),
  input: fc.dictionary(fc.string(), fc.jsonValue()),
});
const block = fc.oneof(
  textBlock,
  use,
  fc.record({ type: fc.constantFrom("image", "document"), source }),
  fc.record({
    type: fc.constant("tool_result"),
    tool_use_id: fc.constantFrom("toolu_1", "call_0", "a b"),
    content: fc.oneof(fc.string(), fc.array(fc.oneof(textBlock, fc.record({ type: fc.constant("image"), source })))),
    is_error: fc.boolean(),
  }),
  fc.record({
    type: fc.constant("thinking"),
    thinking: fc.string(),
    signature: fc.oneof(
      fc.string(),
      fc.string().map((text) => `concurred.1.${Buffer.from(text).toString("base64url")}`),
    ),
  }),
  fc.record({ type: fc.constant("redacted_thinking"), data: fc.string() }),
  fc.record({ type: fc.string({ minLength: 1 }) }),
);
const turn = fc.record({
  role: fc.constantFrom("user", "assistant", "system"),
  content: fc.oneof(fc.string(), fc.array(block, { maxLength: 6 })),
});
const tool = fc.oneof(
  fc.record({
    name: fc.stringMatching(/^[a-zA-Z0-9_-]{1,128}$/),
    input_schema: fc.record({ type: fc.constant("object"), properties: hostile }),
    strict: fc.boolean(),
    defer_loading: fc.boolean(),
  }),
  fc.record({ type: fc.stringMatching(/^[a-z_]{3,20}_\d{8}$/), name: fc.string() }),
);
const good = fc.record(
  {
    messages: fc.array(turn, { minLength: 1, maxLength: 6 }),
    system: fc.oneof(fc.string(), fc.array(textBlock)),
    tools: fc.array(tool, { maxLength: 4 }),
    tool_choice: fc.record({ type: fc.constantFrom("auto", "any", "tool", "none"), name: fc.string() }),
    thinking: fc.record({ type: fc.constantFrom("enabled", "adaptive", "disabled", "x"), budget_tokens: fc.nat() }),
    output_config: fc.record({ effort: fc.string({ maxLength: 20 }) }),
    metadata: fc.record({ user_id: fc.string() }),
    stop_sequences: fc.array(fc.string(), { maxLength: 5 }),
    stream: fc.boolean(),
  },
  { requiredKeys: ["messages"] },
);
const fields = [
  ...["model", "max_tokens", "messages", "system", "tools", "tool_choice", "thinking", "output_config", "stream"],
  ...["metadata", "stop_sequences", "temperature", "top_p", "top_k", "container", "mcp_servers", "cache_control"],
  ...["context_management", "service_tier", "speed", "inference_geo", "output_format", "tomorrow"],
];
/** Requests as clients could send them, with up to two faults. */
export const anyMessagesRequest = fc
  .tuple(good, fc.dictionary(fc.constantFrom(...fields), hostile, { maxKeys: 2 }))
  .map(([body, faults]) => ({ model: "gpt", max_tokens: 100, ...body, ...faults }));
