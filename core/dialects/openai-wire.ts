import type { WireFormat } from "./dialect.ts";

const endMark = "data: [DONE]\n\n";
const endEvent = "event: done\n";

/** OpenAI's envelope and end mark, and the end of the platform's own typed streams. */
export const openAiWire: WireFormat = {
  errorStatus: ({ status }) => status,
  errorBody: (error) => error.toBody(),
  errorFrame: (error) => `data: ${JSON.stringify(error.toBody())}\n\n`,
  // Proxies and API Gateway drop silent streams; clients skip comments.
  heartbeat: ": keep-alive\n\n",
  isEnd: (frame) => frame === endMark || frame.startsWith(endEvent),
  headers: () => ({}),
};
