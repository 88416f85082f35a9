import { isAuto } from "#core/catalog/auto.ts";
import { resolveModel } from "#core/catalog/resolve.ts";
import { GatewayError } from "#core/errors.ts";
import type { ChatMessage, ChatRequest } from "#core/schemas/chat.ts";
import { checkPanel, comparerFor, defaultPanel, judgeFor, type PriceClass } from "./panel.ts";

/** A council as it is run: checked, with its seats taken. */
export interface CouncilRequest {
  /** The whole conversation. The last turn is what is answered. */
  readonly messages: readonly ChatMessage[];
  /** As the caller named them. */
  readonly models: readonly string[];
  readonly judge: { readonly model: string; readonly independent: boolean };
  readonly comparer: string;
  readonly rubric: string | undefined;
  readonly maxCostUsd: number | undefined;
  /** Of the answer. */
  readonly maxTokens: number | undefined;
  /** Whether drafts may search the web. */
  readonly search: boolean;
  /** Whether the answer marks which drafts support a claim. */
  readonly marks: boolean;
  /** Fields of the final answer's call only: an agent's tools, an output format, a temperature. */
  readonly final: Partial<ChatRequest>;
}

/** What a caller of the endpoint sends, as far as the council needs it. */
export interface CouncilBody {
  readonly message?: string | undefined;
  readonly messages?:
    | readonly { readonly role: "user" | "assistant" | "system"; readonly content: string }[]
    | undefined;
  readonly models?: readonly string[] | undefined;
  readonly panel: PriceClass;
  readonly judge?: string | undefined;
  readonly comparer?: string | undefined;
  readonly rubric?: string | undefined;
  readonly maxCostUsd?: number | undefined;
  readonly maxTokens?: number | undefined;
  readonly search: boolean;
}

const conversationOf = ({ message, messages = [] }: CouncilBody): readonly ChatMessage[] => {
  const turns = messages.map(({ role, content }): ChatMessage => ({ role, content }));
  if (message !== undefined) return [...turns, { role: "user", content: message }];
  if (turns.length === 0) {
    throw new GatewayError("MISSING_REQUIRED_FIELD", "Send message, or messages that end in the user's turn.", {
      param: "message",
    });
  }
  if (turns.at(-1)?.role !== "user") {
    throw new GatewayError("BAD_REQUEST", "The last of messages must be the user's turn, or send message too.", {
      param: `messages[${turns.length - 1}].role`,
    });
  }
  return turns;
};

const checkSeat = (name: string | undefined, param: string): void => {
  if (name !== undefined && !isAuto(name)) resolveModel(name, param);
};

/** @throws GatewayError MISSING_REQUIRED_FIELD, BAD_REQUEST or INVALID_MODEL */
export const toCouncilRequest = (body: CouncilBody): CouncilRequest => {
  const messages = conversationOf(body);
  if (body.models !== undefined) checkPanel(body.models);
  checkSeat(body.judge, "judge");
  checkSeat(body.comparer, "comparer");
  const models = body.models ?? defaultPanel(body.panel);
  return {
    messages,
    models,
    judge: judgeFor(models, body.panel, body.judge),
    comparer: comparerFor(models, body.comparer),
    rubric: body.rubric,
    maxCostUsd: body.maxCostUsd,
    maxTokens: body.maxTokens,
    search: body.search,
    marks: true,
    final: {},
  };
};
