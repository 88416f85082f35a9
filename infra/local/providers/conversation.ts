import type { JsonObject } from "./json.ts";

export interface OfferedTool {
  readonly name: string;
  readonly schema: JsonObject;
  /** Takes free text instead of JSON. */
  readonly custom?: boolean;
}

export interface ToolResult {
  /** The tool's name, when the request tells. */
  readonly toolName: string | undefined;
  readonly text: string;
}

/** What a model would understand of a request, the same for every wire format. */
export interface Conversation {
  readonly model: string;
  /** The text of the last user message, with its directives. */
  readonly lastUserText: string;
  /** Images in the last user message. */
  readonly imageCount: number;
  /** Results that came after the last answer of the model. */
  readonly toolResults: readonly ToolResult[];
  /** Results that came after the last text of the user. */
  readonly steps: number;
  /** The folder in which an agent says that it works. */
  readonly folder: string | undefined;
  readonly tools: readonly OfferedTool[];
  readonly toolChoice: "auto" | "none" | "required" | { readonly name: string };
  readonly parallelToolCalls: boolean;
  /** A JSON answer: by this schema, or any object. */
  readonly jsonSchema: JsonObject | undefined;
  /** Characters of everything that the model reads. */
  readonly promptCharacters: number;
  readonly maxOutputTokens: number | undefined;
  readonly stopSequences: readonly string[];
  /** Whether the model thinks before it answers. */
  readonly reasons: boolean;
}

/** Characters of all strings in a value. Counts images as what a provider would about bill, not by their base64. */
export const charactersIn = (value: unknown): number => {
  if (typeof value === "string") return value.startsWith("data:") || value.length > 100_000 ? 1_000 : value.length;
  if (Array.isArray(value)) return value.reduce<number>((sum, each) => sum + charactersIn(each), 0);
  if (typeof value === "object" && value !== null) return charactersIn(Object.values(value));
  return 0;
};

const statedFolder = /(?:working directory|working in the directory|\bcwd\b)(?: is)?[\s:>'"`]{0,4}(\/[\w./-]+)/i;

/** The working folder that the texts of a value state, if they do. */
export const folderIn = (value: unknown): string | undefined => {
  if (typeof value === "string") return statedFolder.exec(value)?.[1]?.replace(/[./]+$/, "");
  if (typeof value !== "object" || value === null) return undefined;
  for (const member of Object.values(value)) {
    const folder = folderIn(member);
    if (folder !== undefined) return folder;
  }
  return undefined;
};
