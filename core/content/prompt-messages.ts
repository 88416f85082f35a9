import { isRecord, type JsonRecord } from "#core/values/records.ts";
import type { ContentMessage, ContentPart, GivenContent } from "./content.ts";

/** Prompts as messages of parts. Files are named, not kept: of an image, a recording or a document only its kind and size. */

const textOf = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value ?? null));

const omitted = (modality: string, type: string | undefined, data: unknown): ContentPart => ({
  type: "omitted",
  modality,
  ...(type === undefined ? {} : { mime_type: type }),
  characters: typeof data === "string" ? data.length : 0,
});

const imagePart = ({ url }: JsonRecord): ContentPart => {
  const address = textOf(url);
  const type = /^data:([\w.+/-]{1,100})/.exec(address)?.[1];
  return address.startsWith("data:")
    ? omitted("image", type, address)
    : { type: "uri", modality: "image", uri: address };
};

const toPart = (part: unknown): ContentPart => {
  if (!isRecord(part)) return { type: "text", content: textOf(part) };
  const { type, image_url: image, input_audio: audio, file } = part;
  if (typeof part.text === "string") return { type: "text", content: part.text };
  if (typeof part.refusal === "string") return { type: "text", content: part.refusal };
  if (isRecord(image)) return imagePart(image);
  if (isRecord(audio)) return omitted("audio", undefined, audio.data);
  if (isRecord(file)) return omitted("document", undefined, file.file_data);
  return { type: "omitted", modality: textOf(type) };
};

const textParts = (content: unknown): ContentPart[] => {
  if (content === null || content === undefined || content === "") return [];
  return Array.isArray(content) ? content.map(toPart) : [{ type: "text", content: textOf(content) }];
};

/** A tool call of a chat completion, whole. */
export const callPart = (call: unknown): ContentPart => {
  const { id, function: called, custom } = isRecord(call) ? call : ({} as JsonRecord);
  const [body, text] = isRecord(custom) ? [custom, custom.input] : [isRecord(called) ? called : {}, undefined];
  return {
    type: "tool_call",
    ...(typeof id === "string" ? { id } : {}),
    name: textOf(body.name),
    arguments: textOf(text ?? body.arguments),
  };
};

/** A message of a chat completion, asked or answered. */
export const toMessage = (message: object): ContentMessage => {
  const { role, content, tool_call_id: callId, tool_calls: calls, refusal, ...others } = message as JsonRecord;
  if (role === "tool") {
    const response = Array.isArray(content) ? content.map(toPart) : content;
    return { role, parts: [{ type: "tool_call_response", id: textOf(callId), response: textOf(response) }] };
  }
  const thought = others.reasoning_content ?? others.reasoning;
  return {
    role: textOf(role),
    parts: [
      ...(typeof thought === "string" && thought !== "" ? [{ type: "reasoning", content: thought }] : []),
      ...textParts(content),
      ...(typeof refusal === "string" && refusal !== "" && refusal !== content ? textParts(refusal) : []),
      ...(Array.isArray(calls) ? calls.map(callPart) : []),
    ],
  };
};

/** The prompt that a generation gives. */
export const promptMessages = (prompt: GivenContent["prompt"]): readonly ContentMessage[] => {
  if ("messages" in prompt) return prompt.messages.map(toMessage);
  const texts = prompt.texts.filter((text) => typeof text === "string" && text !== "");
  const parts = texts.map((content): ContentPart => ({ type: "text", content }));
  return [{ role: "user", parts: [...parts, ...(prompt.others ?? [])] }];
};
