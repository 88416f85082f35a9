import type { Reserve } from "#core/db/grant.ts";
import type { Target, TargetModel } from "#core/routing/target.ts";
import { type Admission, newAdmission } from "./admission.ts";
import { Generation } from "./generation.ts";
import type { GenerationEnd, GenerationOptions } from "./generation-parts.ts";
import { RequestScope } from "./request-scope.ts";
import { secondRound } from "./second-round.ts";
import { noSpend } from "./spend.ts";
import type { Choice } from "./targets.ts";
import type { GenerationCost } from "./unanswered-cost.ts";
import { allEnded } from "./with-retries.ts";

/** A request of one generation: its time, its admission, its generation, and how the three end together. */

export interface MeteredRequestOptions
  extends Omit<GenerationOptions, "scope" | "day" | "numberInRun" | "reservePicoUsd"> {
  /** What its first call may cost. */
  readonly reserve: Reserve;
  /** The most tokens that it may come to. Absent where it is not measured in tokens. */
  readonly tokens?: () => number;
  readonly timeoutMs: number;
  /** The highest value that the request's own `timeout` may have. Absent on routes without that field. */
  readonly settableMs?: number;
}

export interface MeteredRequest {
  readonly scope: RequestScope;
  readonly admission: Admission;
  readonly generation: Generation;
  /** Of the request, where it began before it. */
  readonly verdict: Promise<void> | undefined;
}

/** Starts the request's timers: whoever makes it calls `settleRequest` at its end. */
export const meteredRequest = (options: MeteredRequestOptions): MeteredRequest => {
  const { call, caller, timeoutMs, settableMs, reserve, tokens, ...rest } = options;
  const { requestId, startedAtMs, lambdaDeadlineMs } = call;
  const { userId } = caller.principal;
  const byok = options.byok ?? caller.providerKeySlug !== undefined;
  const scope = new RequestScope({ userId, requestId, timeoutMs, settableMs, startedAtMs, lambdaDeadlineMs });
  const admission = newAdmission(call, caller, { reserve, callerPays: byok, tokens });
  const reservePicoUsd = byok ? 0n : reserve.picoUsd;
  const generation = new Generation({ ...rest, call, caller, reservePicoUsd, scope, day: admission.day });
  return { scope, admission, generation, verdict: call.verdict };
};

/** Round 2 of a request of one generation. @throws GatewayError, AwsError */
export const openRequest = async <Model extends TargetModel, Hit = never>(
  { scope, admission, generation, verdict }: MeteredRequest,
  caller: GenerationOptions["caller"],
  choices: readonly Choice<Model>[],
  findAnswer?: (signal: AbortSignal) => Promise<Hit | undefined>,
): Promise<{ readonly targets: readonly [Target<Model>, ...Target<Model>[]]; readonly hit: Hit | undefined }> => {
  const openRow = () => generation.openRow();
  const round = { caller, scope, admission, verdict, openRow, groups: [choices], findAnswer };
  const { groups, hit } = await secondRound(round);
  const [[first, ...others] = []] = groups;
  if (first === undefined) throw new Error("A request without a target");
  return { targets: [first, ...others], hit };
};

const isRefused = (verdict: Promise<void>): Promise<boolean> =>
  verdict.then(
    () => false,
    () => true,
  );

/** What a generation counts against limits. */
export const spentBy = ({ spent, usage }: GenerationCost) => ({
  ...spent,
  tokens: usage.inputTokens + usage.outputTokens,
});

export interface SettleOptions {
  /** Work that ends with the request, such as storing its answer. */
  readonly alongside?: Promise<void> | undefined;
  /** A job's row: whoever sees the job's end settles it, and what was reserved stays booked until then. */
  readonly rowStaysOpen?: boolean;
}

/**
 * Ends the request: the usage row is settled, the lease returned with the unspent money, and both are reported. Of a request
 * whose verdict was no, the row is deleted, the lease goes back, and nothing stays.
 * @throws AwsError
 */
export const settleRequest = async (
  { scope, admission, generation, verdict }: MeteredRequest,
  end: GenerationEnd,
  { alongside, rowStaysOpen = false }: SettleOptions = {},
): Promise<GenerationCost> => {
  scope.close();
  if (verdict !== undefined && (await isRefused(verdict))) {
    await allEnded([generation.discardRow(), admission.close({ ...noSpend, tokens: 0 }), alongside]);
    return generation.costOf(end);
  }
  const cost = generation.costOf(end);
  const settling = rowStaysOpen ? generation.keepContent() : generation.settle(end);
  await allEnded([settling, admission.close(spentBy(cost)), alongside]);
  generation.report(end, rowStaysOpen ? undefined : cost);
  return cost;
};
