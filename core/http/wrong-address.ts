/** What a client that asks a wrong path should be configured with. */

export interface RightAddress {
  readonly message: string;
  /** The dialect of the client that asks such a path. */
  readonly dialect: "openai" | "messages";
}

const messagesPath = /\/messages(?:\/count_tokens)?\/?$/;
const openAiPath =
  /\/(?:chat\/completions|completions|responses|embeddings|models|images\/generations|audio\/\w+|moderations)\/?$/;
const barePath = /^\/(?:api(?:\/v1)?\/?)?$/;

/** @param base `<origin>` with a stage's prefix. Undefined for a path that no client's base URL leads to */
export const rightAddress = (path: string, base: string): RightAddress | undefined => {
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
