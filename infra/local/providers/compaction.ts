import { randomBytes } from "node:crypto";
import { charactersIn } from "./conversation.ts";
import { type JsonObject, objectsOf } from "./json.ts";
import { encryptedPrefix } from "./responses-answer.ts";
import { tokensOf } from "./text-pieces.ts";

/** What OpenAI makes of a conversation apart from an answer. */

const inputTokens = ({ instructions, input, tools }: JsonObject): number =>
  tokensOf(charactersIn([instructions, input, tools])) + 3;

/** The body of POST /responses/input_tokens. */
export const inputTokensBody = (body: JsonObject): JsonObject => ({
  object: "response.input_tokens",
  input_tokens: inputTokens(body),
});

/** The body of POST /responses/compact: what the user said, and the rest in one item that only its maker can read. */
export const compactionBody = (body: JsonObject): JsonObject => {
  const id = randomBytes(12).toString("hex");
  const said = objectsOf(body.input).filter(({ role }) => role === "user");
  const input = inputTokens(body);
  return {
    id: `resp_${id}`,
    object: "response.compaction",
    created_at: Math.floor(Date.now() / 1_000),
    output: [...said, { type: "compaction", id: `cmp_${id}`, encrypted_content: `${encryptedPrefix}${id}` }],
    usage: {
      input_tokens: input,
      input_tokens_details: { cached_tokens: 0 },
      output_tokens: 20,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: input + 20,
    },
  };
};
