import type { Dialect, TranslatedRequest } from "#core/dialects/dialect.ts";
import { GatewayError } from "#core/errors.ts";
import type { ResponsesRequest } from "#core/schemas/responses.ts";
import { responsesDialect } from "./dialect.ts";
import { toNativeBody } from "./native-body.ts";

/** Members that a request to compact has, besides the gateway's. */
const members = ["model", "input", "instructions", "previous_response_id", "prompt_cache_key"] as const;

const untranslatable = new GatewayError(
  "BAD_REQUEST",
  "Only OpenAI's models can compact a conversation. Name one of them, such as gpt-5.2, or send a shorter conversation.",
  { param: "model" },
);

const unstreamed = (body: ResponsesRequest): ResponsesRequest => {
  const { stream: _, tools: _tools, tool_choice: _choice, ...rest } = body;
  return rest;
};

const toChat = (body: ResponsesRequest): TranslatedRequest => ({
  ...responsesDialect.toChat(unstreamed(body), {}),
  warnings: [],
  untranslatable,
});

const native = responsesDialect.native;

/** POST /responses/compact: the same pipeline, and only OpenAI at its end. */
export const compactDialect: Dialect<ResponsesRequest> = {
  ...responsesDialect,
  toChat,
  ...(native === undefined
    ? {}
    : {
        native: {
          name: native.name,
          operation: "compact",
          body: (body) => {
            const whole = toNativeBody(body);
            return Object.fromEntries(members.flatMap((name) => (name in whole ? [[name, whole[name]]] : [])));
          },
          cutFrames: native.cutFrames,
          failureFrames: native.failureFrames,
        },
      }),
};
