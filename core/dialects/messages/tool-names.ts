import { createHash } from "node:crypto";
import { isOwnTool, type MessagesRequest } from "#core/schemas/messages.ts";

/** Anthropic takes names of tools twice as long as others do. */
const maxLength = 64;
const hashLength = 8;

const shortened = (name: string): string =>
  name.length <= maxLength
    ? name
    : `${name.slice(0, maxLength - hashLength - 1)}_${createHash("sha256").update(name).digest("hex").slice(0, hashLength)}`;

/** The tools' names as every target takes them, and back. */
export class ToolNames {
  readonly #longs = new Map<string, string>();

  constructor({ tools }: Pick<MessagesRequest, "tools">) {
    for (const tool of tools ?? []) {
      if (isOwnTool(tool) && tool.name.length > maxLength) this.#longs.set(shortened(tool.name), tool.name);
    }
  }

  toChat(name: string): string {
    return shortened(name);
  }

  fromChat(name: string): string {
    return this.#longs.get(name) ?? name;
  }
}
