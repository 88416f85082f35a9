import * as z from "zod";
import { isAuto } from "#core/catalog/auto.ts";
import { resolveModel } from "#core/catalog/resolve.ts";
import { GatewayError } from "#core/errors.ts";

/** Requests of /api/chat, /api/v1/battle and /api/v1/fight. */

const maxMessageCharacters = 2_000;
const maxAgents = 8;
const maxRounds = 5;
/** Independent answers and one vote: more rounds before a vote lower accuracy (docs/decisions/0011). */
const defaultRounds = 1;
const defaultFightMode = "blind";

export const modelName = z.string().min(1).max(200);
/** An array, or names separated by commas. */
export const modelNames = z
  .union(
    [
      z.array(modelName),
      z
        .string()
        .max(2_000)
        .transform((text) =>
          text
            .split(",")
            .map((name) => name.trim())
            .filter((name) => name !== ""),
        ),
    ],
    { error: "must be an array of model names, or names separated by commas" },
  )
  .pipe(z.array(modelName));

export const arenaTurn = z.strictObject({
  role: z.enum(["user", "assistant", "system"]),
  content: z.string().min(1).max(100_000),
});

const common = {
  message: z.string().min(1),
  models: modelNames.optional(),
  /** The turns before. */
  messages: z.array(arenaTurn).max(200).optional(),
  stream: z.boolean().optional(),
  /** Whether the models may search the web, where a search key is set. */
  search: z.boolean().default(true),
  /** The most that the whole run may cost, USD. */
  maxCostUsd: z.number().min(0.000_001).max(1_000).optional(),
  maxTokens: z.int().min(1).max(100_000).optional(),
};

const fightOptions = {
  rounds: z.int().min(1).max(maxRounds).default(defaultRounds),
  fightMode: z.enum(["brawl", "blind"]).default(defaultFightMode),
};

export const battleSchema = z.strictObject(common);
export const fightSchema = z.strictObject({ ...common, ...fightOptions });
const chatModes = ["chat", "battle", "fight", "multi-instance"] as const;
export const arenaChatSchema = z.strictObject({
  ...common,
  ...fightOptions,
  mode: z.enum(chatModes).default("chat"),
  model: modelName.optional(),
});

export type ArenaMode = (typeof chatModes)[number];

/** A run as the arena takes it: checked, with its models chosen. */
export interface ArenaRequest {
  readonly mode: ArenaMode;
  readonly message: string;
  readonly models: readonly string[];
  readonly history: readonly z.infer<typeof arenaTurn>[];
  readonly stream: boolean;
  readonly search: boolean;
  readonly rounds: number;
  readonly fightMode: "brawl" | "blind";
  readonly maxCostUsd: number | undefined;
  readonly maxTokens: number | undefined;
}

const defaultModel = "gpt";
const defaultPair = ["gpt", "claude"];

const agentCounts: Readonly<Record<ArenaMode, readonly [number, number]>> = {
  chat: [1, 1],
  battle: [2, 2],
  fight: [2, maxAgents],
  "multi-instance": [2, maxAgents],
};

/** @param named the field that they were named by. */
const requireModels = (mode: ArenaMode, models: readonly string[], named: "model" | "models"): void => {
  const [least, most] = agentCounts[mode];
  if (models.length < least || models.length > most) {
    const wanted = least === most ? String(least) : `${least} to ${most}`;
    const noun = wanted === "1" ? "model" : "models";
    throw new GatewayError("BAD_REQUEST", `The mode ${mode} requires ${wanted} ${noun}, not ${models.length}.`, {
      param: named,
    });
  }
  // Two names may lead to one model. `auto` is resolved later, and by itself: it may well be one of the others.
  const paramOf = (index: number): string => (named === "model" ? "model" : `models[${index}]`);
  const ids = models.map((model, index) => (isAuto(model) ? model : resolveModel(model, paramOf(index)).id));
  if (mode === "multi-instance") return;
  const second = ids.findIndex((id, index) => ids.indexOf(id) !== index);
  if (second < 0) return;
  const [first, twice] = [models[ids.indexOf(ids[second] ?? "")], models[second]];
  const what = first === twice ? `${twice} is listed twice` : `${first} and ${twice} are the same model`;
  throw new GatewayError("BAD_REQUEST", `${what}: only multi-instance mode allows that.`, { param: "models" });
};

type Body = z.infer<typeof arenaChatSchema>;

/**
 * What a schema cannot say, with the contract's own codes.
 * @throws GatewayError INVALID_MESSAGE_LENGTH, STREAMING_REQUIRED or BAD_REQUEST
 */
export const toArenaRequest = (
  mode: ArenaMode,
  body: Partial<Body> & Pick<Body, "message" | "search">,
): ArenaRequest => {
  if (body.message.length > maxMessageCharacters) {
    throw new GatewayError("INVALID_MESSAGE_LENGTH", `The message is over ${maxMessageCharacters} characters.`, {
      param: "message",
      details: { maxCharacters: maxMessageCharacters, characters: body.message.length },
    });
  }
  if (mode === "fight" && body.stream === false) {
    throw new GatewayError("STREAMING_REQUIRED", "A fight is always streamed. Omit `stream` or set it to true.", {
      param: "stream",
    });
  }
  const fallback =
    mode === "chat" ? [defaultModel] : mode === "multi-instance" ? [defaultModel, defaultModel] : defaultPair;
  const models =
    body.models ??
    (body.model === undefined ? fallback : mode === "multi-instance" ? [body.model, body.model] : [body.model]);
  requireModels(mode, models, body.models === undefined && body.model !== undefined ? "model" : "models");
  return {
    mode,
    message: body.message,
    models,
    history: body.messages ?? [],
    stream: mode === "fight" || body.stream === true,
    search: body.search && mode !== "chat",
    rounds: body.rounds ?? defaultRounds,
    fightMode: body.fightMode ?? defaultFightMode,
    maxCostUsd: body.maxCostUsd,
    maxTokens: body.maxTokens,
  };
};
