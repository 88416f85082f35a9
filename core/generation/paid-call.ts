import { config } from "#core/config.ts";
import { GatewayError } from "#core/errors.ts";
import { mayBeBilled, ProviderFailure } from "#core/providers/provider.ts";
import type { TargetModel } from "#core/routing/target.ts";
import type { Attempt } from "#core/routing/try-targets.ts";
import type { Purse } from "./admission.ts";
import { type CallSize, callReserve } from "./reservation.ts";

/** What the calls of a generation may cost, and where that money comes from. */
export interface CallMoney<Model extends TargetModel> {
  readonly size: CallSize<Model>;
  readonly purse: Purse;
}

/** One attempt, with the money that was set aside for it. Undefined where nothing counts it (`Purse.take`). */
export interface PaidAttempt<Model extends TargetModel> extends Attempt<Model> {
  readonly grantedPicoUsd: bigint | undefined;
  /** The refusal where that is too little. Absent where nothing was set aside. */
  readonly tooLittle?: (() => GatewayError) | undefined;
}

/** What has no known price is not bought for the platform's money where the stage says so. @throws GatewayError BAD_REQUEST */
export const requirePrice = (model: { readonly id: string }, isPriced: boolean): void => {
  if (isPriced || config.unpricedModels() === "allow") return;
  throw new GatewayError(
    "BAD_REQUEST",
    `The price of ${model.id} is not known, so the platform's key does not pay for it. Store your own provider key.`,
    { param: "model" },
  );
};

const isBilled = (error: unknown): boolean => error instanceof ProviderFailure && mayBeBilled(error);

/**
 * Sets money aside for each call before it is made, also for a retry or a fallback after an earlier call was handed over.
 * What a call that cost nothing had comes back at once.
 */
export const withMoney =
  <Model extends TargetModel, Reply>(
    { size, purse }: CallMoney<Model>,
    call: (attempt: PaidAttempt<Model>) => Promise<Reply>,
    onGrant: (grantedPicoUsd: bigint | undefined) => void,
  ) =>
  async (attempt: Attempt<Model>): Promise<Reply> => {
    const { model, byok } = attempt.target;
    onGrant(undefined);
    if (!byok) requirePrice(model, model.catalog !== undefined);
    const grantedPicoUsd = await purse.take(callReserve(model, size), byok);
    try {
      onGrant(grantedPicoUsd);
      return await call({ ...attempt, grantedPicoUsd, tooLittle: () => purse.tooLittle(byok) });
    } catch (error) {
      if (grantedPicoUsd !== undefined && !isBilled(error)) purse.giveBack(grantedPicoUsd, byok);
      throw error;
    }
  };
