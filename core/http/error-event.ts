import type { GatewayError } from "#core/errors.ts";

/** An error as an event of a typed stream. */
export const errorEvent = (error: GatewayError): string =>
  `event: error\ndata: ${JSON.stringify({ error: error.toBody().error })}\n\n`;
