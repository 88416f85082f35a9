import * as z from "zod";
import { errorAnswer } from "./answers.ts";

/** The typed events of an arena's stream: `event: <name>` and one line of JSON. `agentId` identifies the agent. */

export const arenaUsage = z.strictObject({ inputTokens: z.int(), outputTokens: z.int(), totalTokens: z.int() });
export const citationSchema = z.strictObject({ url: z.string(), title: z.string(), snippet: z.string() });
export const arenaCostUsd = z.number().nullable().describe("USD; null if no price is known");
const agentId = z.string();
const modelUsed = z.string().describe("The model that answered; differs from `model` for an alias or `auto`");
const finishReason = z.string().describe("As in a chat completion: `stop`, `length`, `content_filter`");
const round = z.int().describe("Starts at 1; 0 for votes");
const agreement = z
  .number()
  .min(0)
  .max(1)
  .nullable()
  .describe(
    "Of the votes that could name the winner first, the share that did; null outside fights and with two agents",
  );
const error = errorAnswer.shape.error;

/** The data of one event, which the OpenAPI document knows by this name. */
const event = <Shape extends z.ZodRawShape>(id: string, shape: Shape) => z.strictObject(shape).meta({ id });

export const arenaEventSchemas = {
  "run.start": event("ArenaRunStart", {
    runId: z.string(),
    mode: z.enum(["chat", "battle", "fight", "multi-instance"]),
    message: z.string(),
    rounds: z.int(),
    agents: z.array(z.strictObject({ agentId, model: z.string() })),
  }),
  "round.start": event("ArenaRoundStart", { round }),
  "agent.start": event("ArenaAgentStart", { agentId, model: z.string(), round }),
  "agent.delta": event("ArenaAgentDelta", { agentId, round, text: z.string() }),
  "agent.search.start": event("ArenaAgentSearchStart", { agentId, round, query: z.string() }),
  "agent.search": event("ArenaAgentSearch", {
    agentId,
    round,
    query: z.string(),
    results: z.int(),
    failed: z.boolean().describe("The search failed; the model answers without results"),
  }),
  "agent.end": event("ArenaAgentEnd", {
    agentId,
    model: z.string(),
    modelUsed,
    round,
    content: z.string(),
    finishReason,
    citations: z.array(citationSchema),
    usage: arenaUsage,
    costUsd: arenaCostUsd,
    latencyMs: z.int(),
  }),
  "agent.error": event("ArenaAgentError", { agentId, model: z.string(), round, error }),
  "round.end": event("ArenaRoundEnd", { round }),
  "vote.start": event("ArenaVoteStart", { voters: z.array(agentId) }),
  vote: event("ArenaVote", {
    voterId: agentId,
    /** Null when the voter's vote was dropped. */
    votedFor: agentId.nullable(),
    ranking: z.array(agentId),
    reason: z.string(),
    dropped: z.boolean(),
  }),
  leaderboard: event("ArenaLeaderboard", {
    entries: z.array(z.strictObject({ agentId, model: z.string(), votes: z.int(), points: z.int(), rank: z.int() })),
    winner: agentId.nullable(),
    agreement,
    rule: z.string(),
  }),
  done: event("ArenaDone", {
    runId: z.string(),
    winner: agentId.nullable(),
    usage: arenaUsage,
    costUsd: arenaCostUsd,
    durationMs: z.int(),
    /** Why the run (in mode chat: the answer) ended early, or null. */
    cut: z.enum(["time", "cost", "agents"]).nullable(),
    agreement,
    stable: z.boolean().describe("Whether a fight ended before its last round because no answer changed any more"),
    leaderboard: z.array(
      z.strictObject({ agentId, model: z.string(), votes: z.int(), points: z.int(), rank: z.int() }),
    ),
  }),
  error: event("ArenaError", { error }),
} as const;

/** The data of any event of a stream. */
export const arenaEventData = z
  .union(Object.values(arenaEventSchemas))
  .describe(
    "Typed server-sent events: `event:` names the type, `data:` holds one line of JSON. `agentId` identifies the agent; the last event is `done` or `error`.",
  );

export type ArenaEventName = keyof typeof arenaEventSchemas;
export type ArenaEvent = {
  [Name in ArenaEventName]: { readonly name: Name; readonly data: z.infer<(typeof arenaEventSchemas)[Name]> };
}[ArenaEventName];

export type Citation = z.infer<typeof citationSchema>;
export type Emit = (event: ArenaEvent) => void;

/** An event as it travels. JSON escapes every line break, so model text cannot begin another event. */
export const eventFrame = ({ name, data }: { readonly name: string; readonly data: unknown }): string =>
  `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
