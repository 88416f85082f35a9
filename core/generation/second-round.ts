import type { Target, TargetModel } from "#core/routing/target.ts";
import type { Admission } from "./admission.ts";
import { requireAllowed } from "./allowed-models.ts";
import type { Caller } from "./caller.ts";
import { callerProviderKeys } from "./caller-provider-keys.ts";
import type { RequestScope } from "./request-scope.ts";
import { type Choice, toTargets } from "./targets.ts";

export interface SecondRoundOptions<Model extends TargetModel, Hit> {
  readonly caller: Caller;
  readonly scope: RequestScope;
  readonly admission: Admission;
  /** Of the request, where it began before it. */
  readonly verdict?: Promise<void> | undefined;
  /** Writes the open usage row, for a request of one generation. */
  readonly openRow?: (() => Promise<void>) | undefined;
  /** The alternatives for each call that the request makes, each group in the order in which it is tried. */
  readonly groups: readonly (readonly Choice<Model>[])[];
  /** Looks up a stored answer. */
  readonly findAnswer?: ((signal: AbortSignal) => Promise<Hit | undefined>) | undefined;
}

export interface SecondRound<Model extends TargetModel, Hit> {
  /** As `groups`, without the targets that the platform would have to pay for when the cap is reached. */
  readonly groups: readonly (readonly Target<Model>[])[];
  readonly hit: Hit | undefined;
}

const caught = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

/**
 * Round 2, which may begin beside the verdict of round 1 and never ends before it: admission, the open usage row, the caller's provider keys and the cache, in parallel. Then whose key serves each
 * model. When a limit on platform money is reached, the request continues if the caller's own keys pay for it.
 * @throws GatewayError, AwsError
 */
export const secondRound = async <Model extends TargetModel, Hit = never>(
  options: SecondRoundOptions<Model, Hit>,
): Promise<SecondRound<Model, Hit>> => {
  const { caller, scope, admission, verdict, openRow, findAnswer } = options;
  const choices = options.groups.flat();
  for (const { model } of choices) requireAllowed(caller, model);
  const found = findAnswer?.(scope.signal);
  const admitted = admission.admit();
  const added = admitted.catch(() => undefined);
  const [refusal, providerKeys] = await Promise.all([
    caught(Promise.all([admitted, openRow?.()])),
    callerProviderKeys(caller.principal.userId, added),
  ]);
  await verdict;
  const priced = choices.some(({ model }) => model.customSlug !== undefined)
    ? (await import("#core/catalog/custom-model.ts")).customCatalogModel
    : undefined;
  const targets = [...toTargets(choices, providerKeys, caller.providerKeySlug, priced, scope.requestId)];
  const groups = options.groups.map(({ length }) => targets.splice(0, length));
  if (refusal === undefined) {
    const hit = await found;
    if (scope.signal.aborted) throw scope.reason;
    return { groups, hit };
  }
  const callerPays = groups.every(([first]) => first?.byok === true);
  if (!admission.mayBeUnpaid(refusal) || !callerPays) throw refusal;
  await admission.admitUnpaid();
  return { groups: groups.map((group) => group.filter(({ byok }) => byok)), hit: undefined };
};
