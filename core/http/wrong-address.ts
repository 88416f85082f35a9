/** What a client that asks a wrong path should ask instead, or be configured with. */

export interface RightAddress {
  readonly message: string;
  /** The dialect of the client that asks such a path. */
  readonly dialect: "openai" | "messages";
}

const messagesPath = /\/messages(?:\/count_tokens)?\/?$/;
const openAiPath =
  /\/(?:chat\/completions|completions|responses|embeddings|models|images\/generations|audio\/\w+|moderations)\/?$/;
/** Endpoints of the vendors that are not served here, each with what to use. Those of Anthropic's come first. */
const unserved: readonly (readonly [path: RegExp, advice: string, dialect?: RightAddress["dialect"]])[] = [
  [/\/messages\/batches(?:\/|$)/, "There are no batches: send each message to POST /api/v1/messages.", "messages"],
  [/(?<!\/chat)\/completions\/?$/, "Use POST /api/v1/chat/completions with messages instead of a prompt."],
  [/\/chat\/completions\/./, "Chat completions are not stored here, so none has this id."],
  [/\/(?:files|uploads)(?:\/|$)/, "Files are not stored here: send their content in the request, as a data: URL."],
  [/\/batches(?:\/|$)/, "There are no batches: send each request by itself."],
  [
    /\/(?:assistants|threads|conversations)(?:\/|$)/,
    "Conversations are not stored here: send the whole conversation to POST /api/v1/responses or /api/v1/chat/completions.",
  ],
  [/\/(?:vector_stores|containers)(?:\/|$)/, "Nothing is stored here: send the content in the request."],
  [
    /\/realtime(?:\/|$)/,
    "WebSockets are not served: stream POST /api/v1/responses or /api/v1/chat/completions; for audio use /api/v1/audio/speech and /api/v1/audio/transcriptions.",
  ],
  [/\/audio\/translations\/?$/, "Use POST /api/v1/audio/transcriptions, and a chat model to translate."],
  [/\/images\/variations\/?$/, "Use POST /api/v1/images/edits."],
];

const barePath = /^\/(?:api(?:\/v1)?\/?)?$/;

/** @param base `<origin>` with a stage's prefix. Undefined for a path that no client's base URL leads to */
export const rightAddress = (path: string, base: string): RightAddress | undefined => {
  const known = unserved.find(([pattern]) => pattern.test(path));
  if (known !== undefined) {
    const [, advice, dialect = "openai"] = known;
    return { dialect, message: `No endpoint has this path. ${advice}` };
  }
  if (messagesPath.test(path)) {
    return {
      dialect: "messages",
      message: `No endpoint has this path. Set the base URL of Anthropic's clients to ${base}/api (for @ai-sdk/anthropic: ${base}/api/v1).`,
    };
  }
  if (openAiPath.test(path)) {
    return {
      dialect: "openai",
      message: `No endpoint has this path. Set the base URL of OpenAI's clients to ${base}/api/v1.`,
    };
  }
  if (!barePath.test(path)) return undefined;
  return {
    dialect: "openai",
    message: `This is a base URL, not an endpoint: OpenAI's clients use ${base}/api/v1, Anthropic's ${base}/api.`,
  };
};
