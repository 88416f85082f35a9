import { ApiError, openStream } from "./request.ts";

/** The arena's typed events, as far as the page shows them. The whole contract is in the OpenAPI document. */

export interface ArenaRequest {
  readonly mode: "council" | "battle" | "fight" | "multi-instance";
  readonly message: string;
  readonly models: readonly string[];
  readonly rounds?: number;
  readonly fightMode?: "brawl" | "blind";
  readonly stream: true;
}

export interface Citation {
  readonly url: string;
  readonly title: string;
  readonly snippet: string;
}

export interface Rank {
  readonly agentId: string;
  readonly model: string;
  readonly votes: number;
  readonly points: number;
  readonly rank: number;
}

export interface Vote {
  readonly voterId: string;
  readonly votedFor: string | null;
  readonly ranking: readonly string[];
  readonly reason: string;
  readonly dropped: boolean;
}

export interface Ending {
  readonly winner: string | null;
  readonly costUsd: number | null;
  readonly durationMs: number;
  readonly usage: { readonly totalTokens: number };
  readonly cut: "time" | "cost" | "agents" | null;
  /** What a council's end adds to what is known of it. */
  readonly council?: CouncilFacts;
}

/** What a council makes of its drafts. */
export interface CouncilFacts {
  /** 0 to 1: pairs of drafts that say the same. */
  readonly agreement?: number;
  /** Letters of drafts, and whose they are. */
  readonly labels?: readonly { readonly label: string; readonly draftId: string }[];
  readonly analysis?: {
    readonly consensus: readonly string[];
    readonly contradictions: readonly {
      readonly point: string;
      readonly positions: readonly { readonly claim: string; readonly drafts: readonly string[] }[];
    }[];
    readonly partialCoverage: readonly { readonly point: string; readonly drafts: readonly string[] }[];
    readonly uniqueInsights: readonly { readonly point: string; readonly drafts: readonly string[] }[];
    readonly blindSpots: readonly string[];
  } | null;
  readonly basis?: readonly string[];
  readonly decidedBy?: string;
  readonly judge?: { readonly model: string; readonly independent: boolean };
  readonly savedUsd?: number | null;
  readonly warnings?: readonly string[];
}

interface OfAgent {
  readonly agentId: string;
  readonly round: number;
}

interface EventData {
  readonly "run.start": {
    readonly runId: string;
    readonly mode: ArenaRequest["mode"];
    readonly rounds: number;
    readonly agents: readonly { readonly agentId: string; readonly model: string }[];
  };
  readonly "round.start": { readonly round: number };
  readonly "agent.start": OfAgent;
  readonly "agent.delta": OfAgent & { readonly text: string };
  readonly "agent.search.start": OfAgent & { readonly query: string };
  readonly "agent.search": OfAgent & { readonly query: string; readonly results: number; readonly failed: boolean };
  readonly "agent.end": OfAgent & {
    readonly modelUsed: string;
    readonly finishReason: string;
    readonly citations: readonly Citation[];
    readonly costUsd: number | null;
    readonly latencyMs: number;
  };
  readonly "agent.error": OfAgent & { readonly error: { readonly message: string } };
  readonly "round.end": { readonly round: number };
  readonly "vote.start": { readonly voters: readonly string[] };
  readonly vote: Vote;
  readonly leaderboard: {
    readonly entries: readonly Rank[];
    readonly winner: string | null;
    readonly rule: string;
  };
  /** What is known of a council so far. */
  readonly council: CouncilFacts;
  readonly "answer.delta": { readonly text: string };
  readonly done: Ending;
  readonly error: { readonly error: { readonly message: string; readonly code: string } };
}

export type ArenaEvent = {
  [Name in keyof EventData]: { readonly name: Name; readonly data: EventData[Name] };
}[keyof EventData];

/** An event as it comes. */
export interface NamedEvent {
  readonly name: string;
  readonly data: unknown;
}

/** Named events of a server-sent stream. Each has one line of data; comments are left out. */
async function* namedEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<NamedEvent> {
  const reader = body.pipeThrough(new TextDecoderStream() as TransformStream<Uint8Array, string>).getReader();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const frames = (rest + value).split(/\r?\n\r?\n/);
      rest = frames.pop() ?? "";
      for (const frame of frames) {
        const [, name, data] = /^event: ?(\S+)\r?\ndata: ?(.*)$/m.exec(frame) ?? [];
        if (name !== undefined && data !== undefined) yield { name, data: JSON.parse(data) };
      }
    }
  } finally {
    await reader.cancel();
  }
}

/** Streams a run; `fromCouncil` reads the events of a council. Throws an `ApiError` for a refusal, an error that ends the run, and a stream that broke off. */
export async function* streamArena(
  apiKey: string,
  body: ArenaRequest,
  signal: AbortSignal,
  fromCouncil: (event: NamedEvent) => ArenaEvent,
): AsyncGenerator<ArenaEvent> {
  const { mode, rounds: _, fightMode: __, ...asked } = body;
  const isCouncil = mode === "council";
  const response = await openStream(isCouncil ? "v1/council" : "chat", apiKey, isCouncil ? asked : body, signal);
  const requestId = response.headers.get("x-request-id");
  const about = requestId === null ? {} : { requestId };
  for await (const named of namedEvents(response.body)) {
    const event = isCouncil ? fromCouncil(named) : (named as unknown as ArenaEvent);
    if (event.name === "error") {
      const { message, code } = event.data.error;
      throw new ApiError(message, { ...about, code });
    }
    yield event;
    if (event.name === "done") return;
  }
  throw new ApiError("The run ended unexpectedly.", about);
}
