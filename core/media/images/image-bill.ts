import { GatewayError } from "#core/errors.ts";
import { failureBehind } from "#core/generation/failure-to-error.ts";
import type { Quote } from "#core/media/quote.ts";
import { mayBeBilled } from "#core/providers/provider.ts";

/** Whether an image that did not arrive may have to be paid: its call was sent, and its provider has not refused it. */
export const mayBePaid = (thrown: unknown): boolean => {
  const failure = failureBehind(thrown);
  if (failure !== undefined) return mayBeBilled(failure);
  return !(thrown instanceof GatewayError && thrown.status === 400);
};

export interface ImagesMade {
  readonly arrived: number;
  /** Images that may have to be paid, though they did not arrive. */
  readonly unseen: number;
  /** What the provider says that those which arrived cost; undefined where it does not say. */
  readonly reportedPicoUsd: bigint | undefined;
}

export interface ImageBill {
  readonly quote: Quote;
  readonly estimated: boolean;
}

/**
 * What a request for several images costs: those that arrived, as their provider reports it where it does, and those whose end
 * nobody saw, at the quote.
 */
export const imageBill = (
  quoteOf: (images: number) => Quote,
  { arrived, unseen, reportedPicoUsd }: ImagesMade,
): ImageBill => {
  const quote = quoteOf(arrived + unseen);
  if (reportedPicoUsd === undefined) return { quote, estimated: unseen > 0 };
  const unseenPicoUsd = unseen === 0 ? 0n : quoteOf(unseen).costPicoUsd;
  const costPicoUsd = unseenPicoUsd === undefined ? undefined : reportedPicoUsd + unseenPicoUsd;
  return { quote: { ...quote, costPicoUsd }, estimated: unseen > 0 };
};
