import { GatewayError } from "#core/errors.ts";
import type { Moderate } from "#core/guardrails/moderation.ts";

/** A judge that flags what holds `flagged`, and remembers what it was shown. */
export const judge = (flagged = "HARM"): { readonly moderate: Moderate; readonly shown: string[] } => {
  const shown: string[] = [];
  return {
    shown,
    moderate: async (texts) => {
      shown.push(...texts);
      return texts.map((text) => (text.includes(flagged) ? ["violence"] : []));
    },
  };
};

export const absentJudge: Moderate = async () => {
  throw new GatewayError("SERVICE_UNAVAILABLE", "out of reach");
};

/** For guards that have nothing to ask. */
export const noJudge: Moderate = async () => {
  throw new Error("Nobody should be asked");
};
