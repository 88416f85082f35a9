import { GatewayError } from "#core/errors.ts";
import type { Call } from "./request-state.ts";

/**
 * Guardrails that an endpoint does not have are refused, not left out in silence: nobody who asks for them may believe that
 * they are on. @throws GatewayError BAD_REQUEST
 */
export const refuseGuardrails = ({ headers }: Pick<Call<unknown>, "headers">): void => {
  if (headers["x-guardrails"] === undefined) return;
  throw new GatewayError("BAD_REQUEST", "Guardrails are supported only for chat completions and chat mode.", {
    param: "X-Guardrails",
  });
};
