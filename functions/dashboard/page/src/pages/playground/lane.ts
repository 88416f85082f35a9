import { computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { cancelRequest, streamChat, type ToolCall } from "../../api/chat.ts";
import { ApiError, toError } from "../../api/request.ts";
import { playgroundKey } from "./playground-key.ts";
import { toChatRequest } from "./settings.ts";
import { withToolDelta } from "./tool-calls.ts";
import { messagesOf, newestLeaf, pathTo, type Turn, type Turns } from "./turns.ts";

/** One model's side of a conversation. Two of them stand side by side when models are compared. */

export interface LaneState {
  readonly model: string;
  readonly turns: Turns;
  /** The last turn of the branch that is shown. */
  readonly leaf: number | null;
}

export interface ToolResult {
  readonly call: ToolCall;
  readonly content: string;
}

export interface Lane {
  /** Of this page's life. */
  readonly id: number;
  readonly model: Signal<string>;
  readonly turns: Signal<Turns>;
  readonly leaf: Signal<number | null>;
  readonly path: ReadonlySignal<Turns>;
  readonly answering: ReadonlySignal<boolean>;
  /** Sends a message after the shown branch and streams the answer, which also shows a failure. */
  readonly send: (text: string, images: readonly string[]) => Promise<void>;
  /** Answers the tool calls of the last answer. */
  readonly sendResults: (results: readonly ToolResult[]) => Promise<void>;
  /** Sends a changed message as a branch next to the first. */
  readonly edit: (turn: Turn, text: string) => Promise<void>;
  /** Asks for another answer, a branch next to this one. */
  readonly regenerate: (turn: Turn) => Promise<void>;
  /** Shows the newest branch through this turn. */
  readonly show: (turn: Turn) => void;
  /** Stops the running answer, here and at the gateway. */
  readonly stop: () => Promise<void>;
}

/** Runs once a frame at most, and once more at the end: a fast stream must not keep the page busy. */
const perFrame = (paint: () => void) => {
  let asked = 0;
  return {
    ask: (): void => {
      if (asked !== 0) return;
      asked = requestAnimationFrame(() => {
        asked = 0;
        paint();
      });
    },
    end: (): void => {
      cancelAnimationFrame(asked);
      asked = 0;
      paint();
    },
  };
};

let lanesMade = 0;

/** Length: one closure over the state of a lane. */
export const createLane = (state: LaneState): Lane => {
  const model = signal(state.model);
  const turns = signal(state.turns);
  const leaf = signal(state.leaf);
  const answering = signal(false);
  const path = computed(() => pathTo(turns.value, leaf.value));
  let controller: AbortController | undefined;
  /** The key that the last answer was asked with, empty for the session: only it may cancel that. */
  let key = "";

  const change = (id: number, changes: Partial<Turn>): void => {
    turns.value = turns.peek().map((turn) => (turn.id === id ? { ...turn, ...changes } : turn));
  };

  const add = (parent: number | null, turn: Omit<Turn, "id" | "parent">): number => {
    const id = Math.max(0, ...turns.peek().map((each) => each.id)) + 1;
    turns.value = [...turns.peek(), { id, parent, ...turn }];
    leaf.value = id;
    return id;
  };

  const receive = async (id: number, asked: Turns, signal: AbortSignal): Promise<void> => {
    const startedAt = performance.now();
    let content = "";
    let toolCalls: readonly ToolCall[] = [];
    const painted = perFrame(() => change(id, { content, ...(toolCalls.length === 0 ? {} : { toolCalls }) }));
    try {
      for await (const event of streamChat(key, toChatRequest(model.peek(), messagesOf(asked)), signal)) {
        if (event.type === "opened") change(id, { facts: event.facts });
        else if (event.type === "finished") change(id, { finishReason: event.reason });
        else if (event.type === "usage") change(id, { usage: event.usage });
        else {
          if (content === "" && toolCalls.length === 0) change(id, { firstTextMs: performance.now() - startedAt });
          if (event.type === "text") content += event.text;
          else toolCalls = withToolDelta(toolCalls, event.delta);
          painted.ask();
        }
      }
    } finally {
      painted.end();
    }
    change(id, { totalMs: performance.now() - startedAt });
  };

  const answer = async (parent: number | null): Promise<void> => {
    const asked = pathTo(turns.peek(), parent);
    const id = add(parent, { role: "assistant", content: "" });
    const mine = new AbortController();
    controller = mine;
    key = playgroundKey.peek();
    answering.value = true;
    try {
      await receive(id, asked, mine.signal);
    } catch (thrown) {
      if (!mine.signal.aborted) change(id, { error: toError(thrown) });
    } finally {
      answering.value = false;
    }
  };

  const stop = async (): Promise<void> => {
    const turn = path.peek().at(-1);
    if (!answering.peek() || turn === undefined) return;
    change(turn.id, { stopped: true });
    controller?.abort();
    const requestId = turn.facts?.requestId;
    if (requestId === undefined) return;
    try {
      await cancelRequest(key, requestId);
    } catch (thrown) {
      // 404: it had ended by itself in the meantime.
      if (!(thrown instanceof ApiError && thrown.status === 404)) change(turn.id, { error: toError(thrown) });
    }
  };

  /** Runs unless an answer is under way. */
  const whenIdle =
    <Input extends readonly unknown[]>(act: (...input: Input) => Promise<void>) =>
    async (...input: Input): Promise<void> => {
      if (!answering.peek()) await act(...input);
    };

  lanesMade += 1;
  return {
    id: lanesMade,
    model,
    turns,
    leaf,
    path,
    answering,
    stop,
    send: whenIdle((text: string, images: readonly string[]) =>
      answer(add(leaf.peek(), { role: "user", content: text, ...(images.length === 0 ? {} : { images }) })),
    ),
    sendResults: whenIdle((results: readonly ToolResult[]) => {
      let parent = leaf.peek();
      for (const { call, content } of results) parent = add(parent, { role: "tool", content, toolCall: call });
      return answer(parent);
    }),
    edit: whenIdle(({ parent, images }: Turn, text: string) =>
      answer(add(parent, { role: "user", content: text, ...(images === undefined ? {} : { images }) })),
    ),
    regenerate: whenIdle(({ parent }: Turn) => answer(parent)),
    show: ({ id }) => {
      if (!answering.peek()) leaf.value = newestLeaf(turns.peek(), id);
    },
  };
};
