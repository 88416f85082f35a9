import type { ArenaRun } from "#core/arena/arena-run.ts";
import { GatewayError } from "#core/errors.ts";
import { loggableError, logger } from "#core/observability/logger.ts";
import type { ChatMessage, ChatRequest } from "#core/schemas/chat.ts";
import { within } from "./within.ts";

export interface JsonQuestion<Value> {
  readonly model: string;
  readonly messages: readonly ChatMessage[];
  readonly format: NonNullable<ChatRequest["response_format"]>;
  readonly maxTokens: number;
  /** For all tries together, ms. */
  readonly timeoutMs: number;
  /** Undefined for an answer that is not what was asked for. */
  readonly read: (value: unknown) => Value | undefined;
  /** What the answer is for, in the log. */
  readonly purpose: string;
}

export interface JsonAnswer<Value> {
  readonly value: Value;
  /** The model that served. */
  readonly modelUsed: string;
}

const tries = 2;

const parsed = (text: string): unknown => {
  const [start, end] = [text.indexOf("{"), text.lastIndexOf("}")];
  if (start < 0 || end < start) return undefined;
  try {
    return JSON.parse(text.slice(start, end + 1));
  } catch {
    return undefined;
  }
};

/**
 * Asks a model for JSON, at most twice. Undefined without a usable answer; the council continues without it.
 * @throws GatewayError when the caller cancelled
 */
export const askJson = async <Value>(
  run: ArenaRun,
  question: JsonQuestion<Value>,
): Promise<JsonAnswer<Value> | undefined> => {
  const { model, format, maxTokens, purpose } = question;
  let { messages } = question;
  let structured = true;
  return within(question.timeoutMs, async (signal) => {
    for (let made = 0; made < tries && !signal.aborted && !run.overCost; made++) {
      try {
        const { content, model: modelUsed } = await run.generate({
          model,
          messages,
          ...(structured ? { responseFormat: format } : {}),
          maxTokens,
          onText: () => undefined,
          signal,
        });
        const value = question.read(parsed(content));
        if (value !== undefined) return { value, modelUsed };
        messages = [
          ...question.messages,
          { role: "assistant", content: content === "" ? "(nothing)" : content.slice(0, 2_000) },
          { role: "user", content: "That is not the JSON that was asked for. Reply with the JSON only." },
        ];
      } catch (error) {
        if (run.cancelled) throw run.abortReason;
        logger.warn("A council's judgement failed", { requestId: run.runId, purpose, error: loggableError(error) });
        if (run.signal.aborted) return undefined;
        // Not every model takes a schema. The words ask for the same.
        if (error instanceof GatewayError && error.status === 400) structured = false;
      }
    }
    return undefined;
  });
};
