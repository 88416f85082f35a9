import { imageTypeOfBytes } from "./image-bytes.ts";
import { isJsonObject, type JsonObject, objectOf, objectsOf, stringOf } from "./json.ts";
import { ProviderRefusal } from "./refusal.ts";
import { isSignatureOf } from "./signature.ts";

const refusal = (message: string): ProviderRefusal => new ProviderRefusal(400, message);

const toolIdPattern = /^[a-zA-Z0-9_-]+$/;

const userBlocks = ["text", "image", "document", "search_result", "tool_result", "container_upload"];
const assistantBlocks = [
  "text",
  "tool_use",
  "thinking",
  "redacted_thinking",
  "server_tool_use",
  "web_search_tool_result",
];

/** The fields of the blocks that a gateway makes. Of other blocks the fields are not checked. */
const blockFields: Readonly<Record<string, readonly string[]>> = {
  text: ["type", "text", "cache_control", "citations"],
  image: ["type", "source", "cache_control", "transformations"],
  tool_use: ["type", "id", "name", "input", "cache_control", "caller", "toolset_name"],
  tool_result: ["type", "tool_use_id", "content", "is_error", "cache_control"],
  thinking: ["type", "thinking", "signature"],
};
const imageTypes = ["image/jpeg", "image/png", "image/gif", "image/webp"];

const checkImage = (source: JsonObject, at: string): void => {
  if (source.type !== "base64") return;
  if (!imageTypes.includes(stringOf(source.media_type)))
    throw refusal(
      `${at}.image.source.base64.media_type: Input should be ${imageTypes.map((type) => `'${type}'`).join(", ")}`,
    );
  if (!/^[A-Za-z0-9+/]+=*$/.test(stringOf(source.data)))
    throw refusal(`${at}.image.source.base64: invalid base64 data`);
  const type = imageTypeOfBytes(stringOf(source.data));
  if (type !== undefined && type !== source.media_type)
    throw refusal(
      `${at}.image.source.base64: The image was specified using the ${stringOf(source.media_type)} media type, but the image appears to be a ${type} image`,
    );
};

const checkBlock = (block: JsonObject, role: string, at: string): void => {
  const type = stringOf(block.type);
  if (!(role === "assistant" ? assistantBlocks : userBlocks).includes(type))
    throw refusal(`${at}: Input tag '${type}' found using 'type' does not match any of the expected tags`);
  const known = blockFields[type];
  const extra = Object.keys(block).find((name) => known !== undefined && !known.includes(name));
  if (extra !== undefined) throw refusal(`${at}.${type}.${extra}: Extra inputs are not permitted`);
  if (type === "image") checkImage(objectOf(block.source), at);
  if (type === "text" && stringOf(block.text) === "") throw refusal("messages: text content blocks must be non-empty");
  if (type === "text" && stringOf(block.text).trim() === "")
    throw refusal("messages: text content blocks must contain non-whitespace text");
  if (type === "tool_use") {
    if (!toolIdPattern.test(stringOf(block.id)))
      throw refusal(`${at}.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'`);
    if (!isJsonObject(block.input)) throw refusal(`${at}.tool_use.input: Input should be a valid dictionary`);
  }
  if (type === "thinking" && !isSignatureOf(stringOf(block.thinking), stringOf(block.signature)))
    throw refusal(`${at}: Invalid \`signature\` in \`thinking\` block`);
};

const idsOf = (message: JsonObject | undefined, type: string, name: string): readonly string[] =>
  objectsOf(message?.content)
    .filter((block) => block.type === type)
    .map((block) => stringOf(block[name]));

/** A tool_use is answered in the very next message, and a tool_result answers the one before. */
const checkToolTurns = (messages: readonly JsonObject[]): void =>
  messages.forEach((message, index) => {
    const results = idsOf(messages[index + 1], "tool_result", "tool_use_id");
    const unanswered = idsOf(message, "tool_use", "id").filter((id) => !results.includes(id));
    if (unanswered.length > 0)
      throw refusal(
        `messages.${index}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${unanswered.join(", ")}. Each \`tool_use\` block must have a corresponding \`tool_result\` block in the next message.`,
      );
    const calls = idsOf(messages[index - 1], "tool_use", "id");
    const unexpected = idsOf(message, "tool_result", "tool_use_id").find((id) => !calls.includes(id));
    if (unexpected !== undefined)
      throw refusal(
        `messages.${index}.content.0: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${unexpected}. Each \`tool_result\` block must have a corresponding \`tool_use\` block in the previous message.`,
      );
  });

/** With a thinking budget, the turn that called a tool begins with the thoughts that led to the call. */
const checkThoughtsReplayed = (body: JsonObject, messages: readonly JsonObject[]): void => {
  if (objectOf(body.thinking).type !== "enabled") return;
  const index = messages.findLastIndex((message) => message.role === "assistant");
  const [first, ...others] = objectsOf(messages[index]?.content);
  const callsTool = [first, ...others].some((block) => block?.type === "tool_use");
  const isLast = index === messages.length - 1;
  if ((callsTool || isLast) && index >= 0 && !stringOf(first?.type).endsWith("thinking"))
    throw refusal(
      `messages.${index}.content.0.type: Expected \`thinking\` or \`redacted_thinking\`, but found \`${stringOf(first?.type)}\`.`,
    );
};

/** The API merges consecutive turns of the same role before it looks at them. */
const mergeTurns = (messages: readonly JsonObject[]): readonly JsonObject[] => {
  const merged: { role: unknown; content: JsonObject[] }[] = [];
  for (const { role, content } of messages) {
    const blocks = typeof content === "string" ? [{ type: "text", text: content }] : [...objectsOf(content)];
    const last = merged.at(-1);
    if (last !== undefined && last.role === role) last.content.push(...blocks);
    else merged.push({ role, content: blocks });
  }
  return merged;
};

/** What Anthropic refuses in `messages`. Throws `ProviderRefusal`. */
export const validateAnthropicMessages = (
  body: JsonObject,
  allows: { readonly systemRole: boolean; readonly prefill: boolean; readonly turnControl?: boolean },
): void => {
  if (!Array.isArray(body.messages)) throw refusal("messages: Input should be a valid array");
  if (body.messages.length === 0) throw refusal("messages: at least one message is required");
  body.messages.forEach((message: unknown, index) => {
    const { role, content, ...others } = objectOf(message);
    if (role === "system" && !allows.systemRole)
      throw refusal(`messages.${index}.role: role 'system' is not supported on this model`);
    if (role !== "user" && role !== "assistant" && role !== "system")
      throw refusal(`messages.${index}.role: Input should be 'user' or 'assistant'`);
    const extra = Object.keys(others).find((name) => name !== "output_config" || allows.turnControl !== true);
    if (extra !== undefined) throw refusal(`messages.${index}.${extra}: Extra inputs are not permitted`);
    if (typeof content === "string" && content === "")
      throw refusal(`messages.${index}: all messages must have non-empty content`);
    if (typeof content !== "string" && !Array.isArray(content))
      throw refusal(`messages.${index}.content: Input should be a valid list`);
    objectsOf(content).forEach((block, blockIndex) => {
      checkBlock(block, stringOf(role), `messages.${index}.content.${blockIndex}`);
    });
  });
  const messages = mergeTurns(objectsOf(body.messages));
  if (messages[0]?.role === "assistant") throw refusal('messages: first message must use the "user" role');
  if (messages.at(-1)?.role === "assistant" && !allows.prefill)
    throw refusal(
      "This model does not support assistant message prefill. The conversation must end with a user message.",
    );
  const last = objectsOf(messages.at(-1)?.content).at(-1);
  if (messages.at(-1)?.role === "assistant" && /\s$/.test(stringOf(last?.text)))
    throw refusal("messages: final assistant content cannot end with trailing whitespace");
  checkToolTurns(messages);
  checkThoughtsReplayed(body, messages);
};
