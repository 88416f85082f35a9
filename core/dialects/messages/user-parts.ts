import { GatewayError } from "#core/errors.ts";
import type { ChatMessage } from "#core/schemas/chat.ts";
import { type BlockOf, isKnownBlock } from "#core/schemas/messages.ts";
import type { Translation } from "./translation.ts";

/** Anthropic's blocks of text, images and documents as parts of a user's chat message. */

type UserMessage = Extract<ChatMessage, { role: "user" }>;
export type UserPart = Exclude<UserMessage["content"], string>[number];
type TextPart = Extract<UserPart, { type: "text" }>;
type Typed = { readonly type: string };

/** A block's `cache_control`, for the targets that have one. */
export const marked = (block: Readonly<Record<string, unknown>>): { cache_control?: unknown } =>
  block.cache_control === undefined || block.cache_control === null ? {} : { cache_control: block.cache_control };

export const textPart = (text: string, block: Readonly<Record<string, unknown>> = {}): TextPart => ({
  type: "text",
  text,
  ...marked(block),
});

const refuseFileId = (path: string, translation: Translation): void =>
  translation.refuse(
    new GatewayError(
      "BAD_REQUEST",
      `${path}: files of Anthropic's Files API cannot be named here. Send the data as base64 or a URL.`,
      { param: path },
    ),
  );

const imageParts = (block: BlockOf<"image">, path: string, translation: Translation): UserPart[] => {
  const { source } = block;
  if (source.type === "base64" && "data" in source) {
    const url = `data:${String(source.media_type)};base64,${String(source.data)}`;
    return [{ type: "image_url", image_url: { url }, ...marked(block) }];
  }
  if (source.type === "url" && "url" in source) {
    return [{ type: "image_url", image_url: { url: String(source.url) }, ...marked(block) }];
  }
  if (source.type === "file") refuseFileId(`${path}.source`, translation);
  else translation.drop(`image.source.${source.type}`);
  return [];
};

/** A document that is text already: every model can read it so. */
const written = ({ title, context }: BlockOf<"document">, text: string): string =>
  [
    `<document${title ? ` title=${JSON.stringify(title)}` : ""}>`,
    ...(context ? [`<context>${context}</context>`] : []),
    text,
    "</document>",
  ].join("\n");

const documentParts = (block: BlockOf<"document">, path: string, translation: Translation): UserPart[] => {
  const { source, title } = block;
  const filename = title || "document.pdf";
  if (source.type === "base64" && "data" in source) {
    const data = `data:${String(source.media_type)};base64,${String(source.data)}`;
    return [{ type: "file", file: { file_data: data, filename }, ...marked(block) }];
  }
  if (source.type === "url") {
    const message = `${path}: documents by URL can only be sent with your own provider key, to Claude models. Send the data as base64.`;
    translation.refuse(new GatewayError("BAD_REQUEST", message, { param: `${path}.source` }));
    return [];
  }
  if (source.type === "text" && "data" in source) return [textPart(written(block, String(source.data)), block)];
  if (source.type === "content") {
    const { content } = source as { readonly content?: unknown };
    if (typeof content === "string") return [textPart(written(block, content), block)];
    if (Array.isArray(content)) return userParts(content.filter(isTyped), `${path}.source.content`, translation);
  }
  if (source.type === "file") refuseFileId(`${path}.source`, translation);
  else translation.drop(`document.source.${source.type}`);
  return [];
};

const isTyped = (value: unknown): value is Typed =>
  typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";

const searchResultPart = (block: BlockOf<"search_result">): TextPart =>
  textPart(
    [`<search_result source=${JSON.stringify(block.source)}>`, block.title, ...block.content.map(({ text }) => text)]
      .concat("</search_result>")
      .join("\n"),
    block,
  );

/** What one block says: text, images or documents. One that chat has no part for is dropped and named. */
export const partsOf = (block: Typed, path: string, translation: Translation): UserPart[] => {
  if (isKnownBlock(block)) {
    switch (block.type) {
      case "text":
        return typeof block.text === "string" && block.text !== "" ? [textPart(block.text, block)] : [];
      case "image":
        return imageParts(block, path, translation);
      case "document":
        return documentParts(block, path, translation);
      case "search_result":
        return [searchResultPart(block)];
    }
  }
  if (block.type === "tool_reference" && "tool_name" in block) return [textPart(`Tool: ${String(block.tool_name)}`)];
  if (block.type === "container_upload") refuseFileId(path, translation);
  else translation.drop(block.type);
  return [];
};

/** The same of a list. */
export const userParts = (blocks: readonly Typed[], path: string, translation: Translation): UserPart[] =>
  blocks.flatMap((block, index) => partsOf(block, `${path}[${index}]`, translation));
