import { imageTypeOfBytes } from "./image-bytes.ts";
import { type JsonObject, numberOf, objectOf, objectsOf, stringOf } from "./json.ts";
import { ProviderRefusal } from "./refusal.ts";
import { unknownNames, validateChatShape } from "./validate-chat.ts";
import { checkGoogleMessages, checkGoogleSchema, checkGoogleValues } from "./validate-google.ts";

const googleFields: ReadonlySet<string> = new Set(
  `messages model max_tokens max_completion_tokens n frequency_penalty presence_penalty reasoning_effort response_format
   seed stop stream stream_options temperature top_p tools tool_choice extra_body`.split(/\s+/),
);
const anySignature = "skip_thought_signature_validator";

const unknownName = (name: string, at: string): ProviderRefusal =>
  new ProviderRefusal(
    400,
    `Invalid JSON payload received. Unknown name "${name}"${at === "" ? "" : ` at '${at}'`}: Cannot find field.`,
  );

const checkThoughtSignatures = (body: JsonObject, issued: (signature: string) => boolean): void => {
  if (!/^gemini-[3-9]/.test(stringOf(body.model))) return;
  const messages = objectsOf(body.messages);
  const currentTurn = messages.slice(messages.findLastIndex((message) => message.role === "user") + 1);
  for (const message of currentTurn) {
    // Of parallel calls only the first carries a signature.
    const [call] = objectsOf(message.tool_calls);
    if (call === undefined) continue;
    const signature = stringOf(objectOf(objectOf(call.extra_content).google).thought_signature);
    if (signature === "")
      throw new ProviderRefusal(
        400,
        "Function call is missing a thought_signature in functionCall parts. This is required for tools to work correctly.",
      );
    if (signature !== anySignature && !issued(signature))
      throw new ProviderRefusal(400, "Corrupted thought signature.");
  }
};

/** What Gemini's OpenAI-compatible endpoint refuses. Throws `ProviderRefusal`. */
export const validateGoogleChat = (body: JsonObject, issued: (signature: string) => boolean): void => {
  const [unknown] = unknownNames(body, googleFields);
  if (unknown !== undefined) throw unknownName(unknown, "");
  validateChatShape(body);
  objectsOf(body.tools).forEach((tool, index) => {
    const definition = objectOf(tool.function);
    if (definition.strict !== undefined) throw unknownName("strict", `tools[${index}].function`);
    if (definition.parameters !== undefined)
      checkGoogleSchema(definition.parameters, `tools[${index}].function.parameters`);
  });
  const format = objectOf(objectOf(body.response_format).json_schema);
  if (format.schema !== undefined) checkGoogleSchema(format.schema, "response_format.json_schema.schema");
  checkGoogleMessages(objectsOf(body.messages));
  checkGoogleValues(body);
  const parts = objectsOf(body.messages).flatMap((message) => objectsOf(message.content));
  for (const part of parts) {
    if (part.type !== "image_url") continue;
    const image = objectOf(part.image_url);
    if (image.detail !== undefined) throw unknownName("detail", "messages.content.image_url");
    const [, label = "", data = ""] = /^data:([^;,]*);base64,(.*)$/s.exec(stringOf(image.url)) ?? [];
    if (label === "") throw new ProviderRefusal(400, "Invalid image: only base64 data URLs are supported.");
    if (label === "image/jpg" || label !== (imageTypeOfBytes(data) ?? label))
      throw new ProviderRefusal(400, `Unsupported MIME type: ${label}`);
  }
  if (body.reasoning_effort === "minimal" && /3\.1-pro|3\.[78]-flash|gemini-4/.test(stringOf(body.model)))
    throw new ProviderRefusal(400, "Thinking level MINIMAL is not supported for this model.");
  checkThoughtSignatures(body, issued);
};

/** What xAI refuses. Unknown fields are ignored there. */
export const validateXaiChat = (body: JsonObject): void => {
  validateChatShape(body);
  const model = stringOf(body.model);
  if (/non-reasoning/.test(model)) return;
  for (const name of ["presence_penalty", "frequency_penalty", "stop"])
    if (body[name] !== undefined && body[name] !== null)
      throw new ProviderRefusal(400, `Argument not supported on this model: ${name}`);
  if (body.reasoning_effort !== undefined && /^grok-4\.20|^grok-4-1/.test(model))
    throw new ProviderRefusal(400, `Model ${model} does not support parameter reasoningEffort.`);
};

/** What OpenRouter refuses. Unknown fields are ignored there. */
export const validateOpenrouterChat = (body: JsonObject): void => {
  validateChatShape(body);
  if (!stringOf(body.model).includes("/"))
    throw new ProviderRefusal(400, `${stringOf(body.model)} is not a valid model ID`);
};

const invalidParameters = (detail: string): ProviderRefusal =>
  new ProviderRefusal(400, `invalid params, ${detail} (2013)`);

/** What MiniMax refuses. Unknown fields are ignored there. */
export const validateMinimaxChat = (body: JsonObject): void => {
  validateChatShape(body);
  const messages = objectsOf(body.messages);
  if (messages.filter((message) => message.role === "system").length > 1)
    throw invalidParameters("invalid chat setting");
  if (messages.some((message) => message.role === "developer"))
    throw invalidParameters("chat content has invalid message role: developer");
  const temperature = numberOf(body.temperature);
  if (temperature !== undefined && (temperature <= 0 || temperature > 1))
    throw invalidParameters("temperature must be in (0, 1]");
  if ((numberOf(body.n) ?? 1) !== 1) throw invalidParameters("n must be 1");
};
