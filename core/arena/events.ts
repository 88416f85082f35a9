import * as z from "zod";
import { errorAnswer } from "#core/schemas/answers.ts";

/** The typed events of an arena's stream: `event: <name>` and one line of JSON. Agents are told apart by `agentId`. */

const usage = z.strictObject({ inputTokens: z.int(), outputTokens: z.int(), totalTokens: z.int() });
export const citationSchema = z.strictObject({ url: z.string(), title: z.string(), snippet: z.string() });
const costUsd = z.number().nullable().describe("USD; null when no price is known");
const agentId = z.string();
const round = z.int().describe("From 1; 0 for votes");
const error = errorAnswer.shape.error;

export const arenaEventSchemas = {
  "run.start": z.strictObject({
    runId: z.string(),
    mode: z.enum(["chat", "battle", "fight", "multi-instance"]),
    message: z.string(),
    rounds: z.int(),
    agents: z.array(z.strictObject({ agentId, model: z.string() })),
  }),
  "round.start": z.strictObject({ round }),
  "agent.start": z.strictObject({ agentId, model: z.string(), round }),
  "agent.delta": z.strictObject({ agentId, round, text: z.string() }),
  "agent.search": z.strictObject({ agentId, round, query: z.string(), results: z.int() }),
  "agent.end": z.strictObject({
    agentId,
    model: z.string(),
    round,
    content: z.string(),
    citations: z.array(citationSchema),
    usage,
    costUsd,
    latencyMs: z.int(),
  }),
  "agent.error": z.strictObject({ agentId, model: z.string(), round, error }),
  "round.end": z.strictObject({ round }),
  vote: z.strictObject({
    voterId: agentId,
    /** Null when the voter's vote was dropped. */
    votedFor: agentId.nullable(),
    ranking: z.array(agentId),
    reason: z.string(),
    dropped: z.boolean(),
  }),
  leaderboard: z.strictObject({
    entries: z.array(z.strictObject({ agentId, model: z.string(), votes: z.int(), points: z.int(), rank: z.int() })),
    winner: agentId.nullable(),
    rule: z.string(),
  }),
  done: z.strictObject({
    runId: z.string(),
    winner: agentId.nullable(),
    usage,
    costUsd,
    durationMs: z.int(),
    /** Why the run ended before its rounds were over, or null. */
    cut: z.enum(["time", "cost", "agents"]).nullable(),
    leaderboard: z.array(
      z.strictObject({ agentId, model: z.string(), votes: z.int(), points: z.int(), rank: z.int() }),
    ),
  }),
  error: z.strictObject({ error }),
} as const;

export type ArenaEventName = keyof typeof arenaEventSchemas;
export type ArenaEvent = {
  [Name in ArenaEventName]: { readonly name: Name; readonly data: z.infer<(typeof arenaEventSchemas)[Name]> };
}[ArenaEventName];

export type Citation = z.infer<typeof citationSchema>;
export type Emit = (event: ArenaEvent) => void;

/** An event as it travels. JSON escapes every line break, so model text cannot begin an event of its own. */
export const eventFrame = ({ name, data }: ArenaEvent): string => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
