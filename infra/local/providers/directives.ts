/**
 * The one place that says how a test or a person scripts a simulated provider: by a directive inside the last user
 * message, in whatever format the API has. Several may stand in one message; names are separated by spaces.
 *
 *   Hello [[simulate: cut-after=3 chunk-delay-ms=50]]
 *
 * | Directive | Effect |
 * |---|---|
 * | `status=429` | that provider's error body with this HTTP status; `code=…` and `message=…` (no spaces) override its parts, e.g. `code=insufficient_quota` (OpenAI), `enforced_spend_limit_reached` (Anthropic), `PerDay` (Google's quota) |
 * | `retry-after=2` | seconds, on an answer with `status` |
 * | `error-200` | HTTP 200 whose JSON body is an error, for streams too |
 * | `html-502` | an HTML page with status 502, as a proxy in front of the provider sends |
 * | `reset` | the connection is reset before any header |
 * | `first-delay-ms=20000` | silence before the headers |
 * | `chunk-delay-ms=50` | time between two content chunks |
 * | `chunks=64` | exactly this many content chunks for the text (and for each call's arguments, each thought); without `text`, the text is made long enough |
 * | `cut-after=3` | the socket is destroyed after 3 content chunks |
 * | `stall-after=2` | silence for ever after 2 content chunks, until the client leaves |
 * | `error-event-after=2` | the stream ends in the provider's own in-band error after 2 content chunks (0: before any content) |
 * | `garbage`, `garbage=2` | after that many content chunks (0) one chunk is broken JSON; the stream then goes on |
 * | `eof-without-finish` | a clean end of the stream after the content, without finish reason, usage or end mark |
 * | `finish=length` | OpenAI's word (stop, length, content_filter, tool_calls), translated, or the provider's own |
 * | `reasoning=12`, `cached=5`, `cache-write=7` | tokens of that kind in `usage` |
 * | `no-usage` | no usage, whatever was asked |
 * | `crlf`, `no-space`, `comments` | SSE with CRLF line ends, without the space after `data:`, with a comment before every event |
 * | `split-utf8` | the first multi-byte character of every event is split over two TCP writes |
 * | `refusal` | the model refuses in its API's own way |
 * | `flagged=violence` | moderation flags the input in this category |
 * | `length=5000` | text of this many characters |
 * | `text=…` | exactly this text; takes the rest of the directive, spaces included |
 * | `only=gpt-6-luna` | the other directives between these brackets are for this model (its provider's id) alone |
 * | `polls=3` | a media job is done at the poll after so many (1) |
 * | `fail=PoseError` | a media job ends in this failure, in its provider's own form; `_` stands for a space |
 *
 * "Content chunks" are those that carry text, reasoning or arguments: a role chunk or `message_start` does not count.
 * A fault whose place lies behind the last content chunk happens right after it. A buffered answer knows no chunks:
 * `cut-after` and `stall-after` stop in the middle of the body, `garbage` cuts the JSON short, the others are ignored.
 * An unknown name is answered with 400, so that a misspelt test cannot pass.
 */
export interface Directives {
  readonly status?: number;
  readonly code?: string;
  readonly message?: string;
  readonly retryAfterSeconds?: number;
  readonly errorWithStatus200?: boolean;
  readonly htmlBadGateway?: boolean;
  readonly reset?: boolean;
  readonly firstDelayMs?: number;
  readonly chunkDelayMs?: number;
  readonly chunks?: number;
  readonly cutAfter?: number;
  readonly stallAfter?: number;
  readonly errorEventAfter?: number;
  readonly garbageAfter?: number;
  readonly endWithoutFinish?: boolean;
  readonly finish?: string;
  readonly reasoningTokens?: number;
  readonly cachedTokens?: number;
  readonly cacheWriteTokens?: number;
  readonly noUsage?: boolean;
  readonly crlf?: boolean;
  readonly noSpaceAfterColon?: boolean;
  readonly comments?: boolean;
  readonly splitCharacters?: boolean;
  readonly refusal?: boolean;
  readonly flaggedCategory?: string;
  readonly textLength?: number;
  readonly text?: string;
  readonly polls?: number;
  readonly failure?: string;
}

type Field = keyof Directives;

const flags: Readonly<Record<string, Field>> = {
  "error-200": "errorWithStatus200",
  "html-502": "htmlBadGateway",
  reset: "reset",
  "eof-without-finish": "endWithoutFinish",
  "no-usage": "noUsage",
  crlf: "crlf",
  "no-space": "noSpaceAfterColon",
  comments: "comments",
  "split-utf8": "splitCharacters",
  refusal: "refusal",
};

const numbers: Readonly<Record<string, Field>> = {
  status: "status",
  "retry-after": "retryAfterSeconds",
  "first-delay-ms": "firstDelayMs",
  "chunk-delay-ms": "chunkDelayMs",
  chunks: "chunks",
  "cut-after": "cutAfter",
  "stall-after": "stallAfter",
  "error-event-after": "errorEventAfter",
  garbage: "garbageAfter",
  reasoning: "reasoningTokens",
  cached: "cachedTokens",
  "cache-write": "cacheWriteTokens",
  length: "textLength",
  polls: "polls",
};

const words: Readonly<Record<string, Field>> = {
  code: "code",
  message: "message",
  finish: "finish",
  flagged: "flaggedCategory",
  fail: "failure",
};

/** A directive that nobody can obey. The caller answers it with a 400. */
export class UnknownDirective extends Error {
  override readonly name = "UnknownDirective";
}

const directivePattern = /\[\[simulate:([\s\S]*?)\]\]/g;

const readOne = (word: string): [Field, string | number | boolean] => {
  const [name = "", value] = word.split(/=(.*)/s);
  const flag = flags[name];
  if (flag !== undefined && value === undefined) return [flag, true];
  const textField = words[name];
  if (textField !== undefined && value) return [textField, value];
  const number = numbers[name];
  if (number !== undefined && (value !== undefined || name === "garbage")) {
    const parsed = Number(value ?? 0);
    if (Number.isFinite(parsed) && parsed >= 0) return [number, parsed];
  }
  throw new UnknownDirective(`The simulated provider knows no directive "${word}".`);
};

const onlyPattern = /(?:^|\s)only=(\S+)/;

/**
 * Reads every directive of a text, and gives the text without them. Throws `UnknownDirective`.
 * @param model who is asked: directives for another one are left out.
 */
export const parseDirectives = (
  text: string,
  model?: unknown,
): { readonly directives: Directives; readonly rest: string } => {
  const fields = new Map<Field, string | number | boolean>();
  for (const [, inside = ""] of text.matchAll(directivePattern)) {
    const [head = "", scriptedText] = inside.split(/(?:^|\s)text=(.*)/s);
    const [, only] = onlyPattern.exec(head) ?? [];
    if (only !== undefined && only !== model) continue;
    for (const word of head.replace(onlyPattern, " ").split(/\s+/).filter(Boolean)) fields.set(...readOne(word));
    if (scriptedText !== undefined) fields.set("text", scriptedText);
  }
  return {
    directives: Object.fromEntries(fields),
    rest: text.replaceAll(directivePattern, " ").replace(/\s+/g, " ").trim(),
  };
};
