import type { TokenUsage } from "#core/catalog/token-usage.ts";
import type { CollectedCall } from "#core/chat/chunk-reader.ts";
import type { GatewayError } from "#core/errors.ts";
import type { ChatMessage, ChatRequest } from "#core/schemas/chat.ts";
import type { RunTotals } from "./run-budget.ts";
import type { SearchBudget } from "./search-budget.ts";

/** One call to one model. */
export interface GenerationRequest {
  /** As the caller named it. */
  readonly model: string;
  readonly messages: readonly ChatMessage[];
  readonly tools?: ChatRequest["tools"];
  readonly toolChoice?: ChatRequest["tool_choice"];
  readonly responseFormat?: ChatRequest["response_format"];
  readonly maxTokens: number | undefined;
  /** Further fields of the chat request, such as `temperature`. */
  readonly fields?: Partial<ChatRequest> | undefined;
  readonly onText: (text: string) => void;
  /** Called before any text, with the names of fields that the model's provider left out or changed. */
  readonly onWarnings?: ((names: readonly string[]) => void) | undefined;
  /** Called with each part of a streamed answer: whole frames of `chat.completion.chunk`. */
  readonly onPart?: ((part: Buffer | string) => void) | undefined;
  /** Ends this call before the run ends. */
  readonly signal?: AbortSignal | undefined;
}

/** What a run's calls are like, as far as it decides who can serve them. */
export type Opening = Pick<ChatRequest, "messages" | "tools" | "response_format" | "max_completion_tokens">;

/** What came of it. */
export interface Generated {
  readonly content: string;
  readonly toolCalls: readonly CollectedCall[];
  readonly usage: TokenUsage;
  /** Pico-dollars; undefined when no price is known. */
  readonly costPicoUsd: bigint | undefined;
  /** The one that served. */
  readonly model: string;
  readonly finishReason: string;
  /** The provider says that it is a stand-in. */
  readonly simulated?: boolean;
}

/** A model that a run will call, and what its first calls are like. */
export interface OpenedModel {
  /** As the caller named it. */
  readonly model: string;
  readonly body: Opening;
  /** Of the input, by which `auto` compares prices. */
  readonly characters: number;
}

/** What a run leaves for ratings. */
export interface RunRecord {
  readonly mode: "battle" | "fight";
  /** Who answered, with the model that served. */
  readonly agents: readonly { readonly agentId: string; readonly model: string }[];
  /** The served models on each ballot that was cast, best first. */
  readonly ballots: readonly (readonly string[])[];
}

/** What agents, rounds and votes need of the run that they are part of. */
export interface ArenaRun {
  readonly runId: string;
  /** Fires at the deadline and when the caller cancels. */
  readonly signal: AbortSignal;
  /** Whether it was the caller who stopped the run. */
  readonly cancelled: boolean;
  /** Why the signal fired, as the caller sees it. */
  readonly abortReason: GatewayError;
  /** Whether the run has used up the cost that its caller allows. */
  readonly overCost: boolean;
  /** Tokens and cost of everything so far; the cost is unknown when one model's price is. */
  readonly totals: RunTotals;
  readonly searches: SearchBudget;
  remainingMs(): number;
  /** One web search, on the platform's key. @throws GatewayError SPEND_LIMIT_EXCEEDED, and what `work` throws */
  search<Result>(work: () => Promise<Result>): Promise<Result>;
  /** Notes the answers and votes of a battle or fight, so that they count in ratings. Never throws. */
  record(record: RunRecord): Promise<void>;
  /** @throws GatewayError */
  generate(request: GenerationRequest): Promise<Generated>;
}
