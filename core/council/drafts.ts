import { type AgentAnswer, runAgent } from "#core/arena/agent.ts";
import type { ArenaRun } from "#core/arena/arena-run.ts";
import { GatewayError } from "#core/errors.ts";
import type { ArenaEvent } from "#core/schemas/arena-events.ts";
import type { ChatMessage } from "#core/schemas/chat.ts";
import type { CouncilDraft, CouncilEvent } from "#core/schemas/council-events.ts";
import type { CouncilRequest } from "./council-request.ts";
import { plainHistory } from "./plain-history.ts";
import { spentUsd } from "./spent.ts";
import { within } from "./within.ts";

/** The drafts of a council: blind, side by side, each with its own time, as long as the council allows. */

export type Tell = (event: CouncilEvent) => void;

export interface Drafted {
  readonly drafts: readonly AgentAnswer[];
  readonly failures: ReadonlyMap<string, NonNullable<CouncilDraft["error"]>>;
}

/** What a draft is asked to keep to. Its tokens have a limit too, which a model that thinks first needs most of. */
const maxWords = 600;

export const draftMessages = (messages: readonly ChatMessage[]): readonly ChatMessage[] => [
  {
    role: "system",
    content: `Answer the last message on your own, as well as you can. Keep the answer under ${maxWords} words unless the task itself is longer, and do not say who you are. Say what you are not sure of.`,
  },
  ...plainHistory(messages),
];

export const draftIdOf = (index: number): string => `draft-${index + 1}`;

const empty = (): GatewayError => new GatewayError("PROVIDER_ERROR", "The draft was empty.", { shouldRetry: false });

/** An arena's event as the council tells it. */
const toCouncil = (run: ArenaRun, event: ArenaEvent): CouncilEvent | undefined => {
  switch (event.name) {
    case "agent.start":
      return { name: "draft.started", data: { draftId: event.data.agentId, model: event.data.model } };
    case "agent.delta":
      return { name: "draft.delta", data: { draftId: event.data.agentId, text: event.data.text } };
    case "agent.search.start":
      return { name: "draft.search.start", data: { draftId: event.data.agentId, query: event.data.query } };
    case "agent.search": {
      const { agentId: draftId, query, results, failed } = event.data;
      return { name: "draft.search", data: { draftId, query, results, failed } };
    }
    case "agent.end": {
      const { agentId: draftId, round: _, ...answered } = event.data;
      const { model } = answered;
      return answered.content.trim() === ""
        ? { name: "draft.failed", data: { draftId, model, error: empty().toBody().error } }
        : { name: "draft.completed", data: { draftId, ...answered, spentUsd: spentUsd(run) } };
    }
    case "agent.error": {
      const { agentId: draftId, model, error } = event.data;
      return { name: "draft.failed", data: { draftId, model, error } };
    }
    default:
      return undefined;
  }
};

export interface DraftPlan {
  readonly maxTokens: number;
  /** Of each draft, ms. */
  readonly timeoutMs: number;
}

/** Makes all drafts. Resolves when the last one is there, failed or out of time. @throws GatewayError when the caller cancelled */
export const makeDrafts = async (
  run: ArenaRun,
  request: CouncilRequest,
  { maxTokens, timeoutMs }: DraftPlan,
  tell: Tell,
): Promise<Drafted> => {
  const messages = draftMessages(request.messages);
  const failures = new Map<string, NonNullable<CouncilDraft["error"]>>();
  const emit = (event: ArenaEvent): void => {
    const told = toCouncil(run, event);
    if (told === undefined) return;
    if (told.name === "draft.failed") failures.set(told.data.draftId, told.data.error);
    tell(told);
  };
  const made = await Promise.all(
    request.models.map((model, index) =>
      within(timeoutMs, (signal) =>
        runAgent(run, {
          agent: { agentId: draftIdOf(index), model },
          round: 1,
          messages,
          search: request.search,
          maxTokens,
          emit,
          signal,
        }),
      ),
    ),
  );
  if (run.cancelled) throw run.abortReason;
  const drafts = made.filter((draft) => draft !== undefined && draft.content.trim() !== "") as readonly AgentAnswer[];
  return { drafts, failures };
};
