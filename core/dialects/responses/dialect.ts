import type { Dialect, WireFormat } from "#core/dialects/dialect.ts";
import { openAiWire } from "#core/dialects/openai-wire.ts";
import type { ResponsesRequest } from "#core/schemas/responses.ts";
import { responsesAnswer } from "./answer.ts";
import { errorEvent } from "./failure.ts";
import { toNativeBody, withHeldMessages } from "./native-body.ts";
import { cutFrames, failureFrames, withHolder } from "./native-frames.ts";
import { inOwnTerms, ownName } from "./own-terms.ts";
import { responsesStream } from "./stream.ts";
import { responsesToChat } from "./to-chat.ts";

const ends = /^event: response\.(?:completed|incomplete)\n/;

const responsesWire: WireFormat = {
  ...openAiWire,
  errorBody: (error) => inOwnTerms(error.toBody()),
  errorFrame: errorEvent,
  isEnd: (frame) => ends.test(frame),
};

/** OpenAI's Responses API. */
export const responsesDialect: Dialect<ResponsesRequest> = {
  name: "responses",
  wire: responsesWire,
  toChat: responsesToChat,
  answer: responsesAnswer,
  stream: responsesStream,
  ownName,
  native: {
    name: "responses",
    body: toNativeBody,
    answer: withHeldMessages,
    frames: withHolder,
    cutFrames,
    failureFrames,
  },
};
