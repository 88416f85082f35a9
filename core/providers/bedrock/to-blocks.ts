import { isRecord, type JsonRecord } from "#core/values/records.ts";

/** Anthropic's content blocks as Converse's, which name the same things differently. */

export interface BlockRules {
  /** Claude's own thoughts, which no other model reads. */
  readonly thoughts: boolean;
  readonly cachePoints: boolean;
  readonly warnings: Set<string>;
}

const noOutput = "(no output)";
const forDocuments = "(See the attached documents.)";
const maxNameLength = 200;

/** Where a marked block ends, what stands before it is cached. */
const cachePoint = (block: JsonRecord, { cachePoints, warnings }: BlockRules): readonly JsonRecord[] => {
  const mark = block.cache_control;
  if (!isRecord(mark)) return [];
  if (!cachePoints) {
    warnings.add("cache_control");
    return [];
  }
  return [{ cachePoint: { type: "default", ...(mark.ttl === "1h" ? { ttl: "1h" } : {}) } }];
};

/** A mark in a list of tools or instructions. */
export const cachePointAfter = cachePoint;

const imageFormat = (mediaType: unknown): string => {
  const format = String(mediaType).replace(/^image\//, "");
  return format === "jpg" ? "jpeg" : format;
};

/** Names of a request's documents: they may hold few characters, and no two may be the same. */
export class DocumentNames {
  readonly #taken = new Set<string>();
  /** The last copy of each name: looking for the next from the start would take quadratic time. */
  readonly #copies = new Map<string, number>();

  next(title: unknown): string {
    const plain = (typeof title === "string" ? title : "document")
      .replace(/[^a-zA-Z0-9 ()[\]-]+/g, "-")
      .replace(/ +/g, " ")
      .trim()
      .slice(0, maxNameLength);
    const base = plain === "" ? "document" : plain;
    let copy = this.#copies.get(base) ?? 1;
    let name = base;
    while (this.#taken.has(name)) {
      copy += 1;
      const suffix = ` ${copy}`;
      name = base.slice(0, maxNameLength - suffix.length) + suffix;
    }
    this.#copies.set(base, copy);
    this.#taken.add(name);
    return name;
  }
}

const toDocument = ({ source, title }: JsonRecord, names: DocumentNames): JsonRecord => {
  const { type, data } = isRecord(source) ? source : {};
  const isText = type === "text";
  return {
    document: {
      format: isText ? "txt" : "pdf",
      name: names.next(title),
      source: { bytes: isText ? Buffer.from(String(data), "utf8").toString("base64") : String(data) },
    },
  };
};

const toResult = (block: JsonRecord, rules: BlockRules, names: DocumentNames): JsonRecord => {
  const { content, tool_use_id: toolUseId, is_error: isError } = block;
  const parts = typeof content === "string" ? [{ type: "text", text: content }] : Array.isArray(content) ? content : [];
  const converted = parts.filter(isRecord).flatMap((part) => toBlock(part, rules, names));
  return {
    toolResult: {
      toolUseId,
      content: converted.length === 0 ? [{ text: noOutput }] : converted,
      ...(isError === true ? { status: "error" } : {}),
    },
  };
};

/** One block, without its mark. */
const toBlock = (block: JsonRecord, rules: BlockRules, names: DocumentNames): readonly JsonRecord[] => {
  switch (block.type) {
    case "text":
      return [{ text: block.text }];
    case "image": {
      const { media_type: mediaType, data } = isRecord(block.source) ? block.source : {};
      return [{ image: { format: imageFormat(mediaType), source: { bytes: data } } }];
    }
    case "document":
      return [toDocument(block, names)];
    case "tool_use":
      return [{ toolUse: { toolUseId: block.id, name: block.name, input: block.input ?? {} } }];
    case "tool_result":
      return [toResult(block, rules, names)];
    case "thinking":
      if (!rules.thoughts) return [];
      return [{ reasoningContent: { reasoningText: { text: block.thinking, signature: block.signature } } }];
    case "redacted_thinking":
      return rules.thoughts ? [{ reasoningContent: { redactedContent: block.data } }] : [];
    default:
      return [];
  }
};

/** The content of a turn. */
export const toBlocks = (content: unknown, rules: BlockRules, names: DocumentNames): readonly JsonRecord[] => {
  const blocks = typeof content === "string" ? [{ type: "text", text: content }] : (content as readonly unknown[]);
  const converted = blocks
    .filter(isRecord)
    .flatMap((block) => [...toBlock(block, rules, names), ...cachePoint(block, rules)]);
  const hasDocument = converted.some((block) => "document" in block);
  // Converse takes a document only beside a text.
  return hasDocument && !converted.some((block) => "text" in block)
    ? [{ text: forDocuments }, ...converted]
    : converted;
};
