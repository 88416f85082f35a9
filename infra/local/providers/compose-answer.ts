import { type Answer, planAnswer } from "./answer.ts";
import { type ChatOptions, chatBody, chatParts, inDialect } from "./chat-answer.ts";
import type { ChatDialect } from "./chat-usage.ts";
import { compactionBody, inputTokensBody } from "./compaction.ts";
import type { Conversation } from "./conversation.ts";
import { type Directives, parseDirectives } from "./directives.ts";
import { embeddingsBody, embeddingsText } from "./embeddings.ts";
import type { JsonObject } from "./json.ts";
import { messagesBody, messagesParts } from "./messages-answer.ts";
import { moderationBody, moderationText } from "./moderation.ts";
import type { Surface } from "./profiles.ts";
import { readChatRequest } from "./read-chat-request.ts";
import { readMessagesRequest } from "./read-messages-request.ts";
import { readResponsesRequest } from "./read-responses-request.ts";
import { responsesBody, responsesParts } from "./responses-answer.ts";
import type { StreamPart } from "./stream-part.ts";
import { tokensOf } from "./text-pieces.ts";
import type { WireEngine } from "./wire-engine.ts";

/** A validated request and what is needed to answer it. */
export interface Question {
  readonly surface: Surface;
  readonly provider: ChatDialect | "anthropic";
  readonly body: JsonObject;
  readonly directives: Directives;
  readonly engine: WireEngine;
  readonly signal: AbortSignal;
}

const readers: Readonly<Partial<Record<Surface, (body: JsonObject) => Conversation>>> = {
  chat: readChatRequest,
  messages: readMessagesRequest,
  "token-count": readMessagesRequest,
  responses: readResponsesRequest,
};

const askedText = (surface: Surface, body: JsonObject): string => {
  const reader = readers[surface];
  if (reader !== undefined) return reader(body).lastUserText;
  if (surface === "input-tokens" || surface === "compaction") return readResponsesRequest(body).lastUserText;
  return surface === "moderations" ? moderationText(body) : embeddingsText(body);
};

/** The directives of a request. Throws `UnknownDirective`. */
export const directivesOf = (surface: Surface, body: JsonObject): Directives =>
  parseDirectives(askedText(surface, body), body.model).directives;

const planFor = ({ surface, body, directives }: Question): Answer => {
  const reader = readers[surface];
  if (reader === undefined) throw new Error(`No answer can be planned for ${surface}.`);
  const conversation = reader(body);
  return planAnswer(conversation, parseDirectives(conversation.lastUserText, body.model).rest, directives);
};

/** What aimock needs to know of a request: the words are planned here, and our front has validated the rest. */
const minimalRequest = (body: JsonObject): JsonObject => ({
  model: body.model,
  max_tokens: 1,
  messages: [{ role: "user", content: "simulated" }],
  input: "simulated",
});

const chatOptions = (question: Question): ChatOptions => {
  const { provider, body: request, directives } = question;
  const dialect = provider === "anthropic" ? "openai" : provider;
  const answer = inDialect(dialect, request, planFor(question));
  return { dialect, request, answer, chunks: directives.chunks, noUsage: directives.noUsage === true };
};

/** The answer as one JSON body. */
export const composeBody = async (question: Question): Promise<JsonObject> => {
  const { surface, body, directives, engine, signal } = question;
  const chunks = directives.chunks;
  switch (surface) {
    case "chat": {
      const options = chatOptions(question);
      const format = options.dialect === "openrouter" ? "openrouter-chat" : "chat";
      return chatBody(await engine.whole(format, minimalRequest(body), options.answer, signal), options);
    }
    case "token-count":
      return { input_tokens: tokensOf(readMessagesRequest(body).promptCharacters) };
    case "messages": {
      const answer = planFor(question);
      const wire = await engine.whole("messages", minimalRequest(body), { ...answer, finish: "stop" }, signal);
      return messagesBody(wire, { request: body, answer, chunks });
    }
    case "responses": {
      const answer = planFor(question);
      return responsesBody(await engine.whole("responses", minimalRequest(body), answer, signal), {
        request: body,
        answer,
        chunks,
      });
    }
    case "input-tokens":
      return inputTokensBody(body);
    case "compaction":
      return compactionBody(body);
    case "embeddings":
      return embeddingsBody(body, engine, signal);
    case "moderations":
      return moderationBody(body, directives);
  }
};

/** The answer as events. Throws for an endpoint that does not stream. */
export const composeParts = async (question: Question): Promise<readonly StreamPart[]> => {
  const { surface, body, directives, engine, signal } = question;
  const chunks = directives.chunks;
  switch (surface) {
    case "chat": {
      const options = chatOptions(question);
      const format = options.dialect === "openrouter" ? "openrouter-chat" : "chat";
      return chatParts(await engine.events(format, minimalRequest(body), options.answer, signal), options);
    }
    case "messages": {
      const answer = planFor(question);
      const wire = await engine.events("messages", minimalRequest(body), { ...answer, finish: "stop" }, signal);
      return messagesParts(wire, { request: body, answer, chunks });
    }
    case "responses": {
      const answer = planFor(question);
      return responsesParts(await engine.events("responses", minimalRequest(body), answer, signal), {
        request: body,
        answer,
        chunks,
      });
    }
    default:
      throw new Error(`${surface} does not stream.`);
  }
};

/** Whether the endpoint streams at all: `stream` is ignored by the others. */
export const streams = (surface: Surface): boolean => readers[surface] !== undefined;
