import { councilPriceClass } from "#core/catalog/council-models.ts";
import { isRecord } from "#core/values/records.ts";
import type { RequestState } from "./request-state.ts";

/** Fields that make a request ask another server, or write a row that stays, before round 2. */
const fields = ["guardrails", "prompt_id", "prompt_version", "prompt_variables"];
const headerNames = ["idempotency-key", "x-guardrails"];

/**
 * Whether a generation may begin on what our own mark says of its key, while Unkey's verdict is under way: all that it does
 * before the verdict is round 2, which can be taken back (docs/decisions/0012). A preset is read later: should it bring one of
 * these, `prepareRequest` and `openCountedCouncil` await the verdict.
 */
export const beginsEarly = ({ headers, body }: Pick<RequestState, "headers" | "body">): boolean =>
  headerNames.every((name) => headers[name] === undefined) &&
  isRecord(body) &&
  fields.every((name) => body[name] === undefined) &&
  (typeof body.model !== "string" || councilPriceClass(body.model) === undefined);
