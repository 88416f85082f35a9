import type {
  ResponseOutputItem,
  ResponseOutputMessage,
  ResponseOutputText,
} from "openai/resources/responses/responses";
import type { AnswerFacts } from "#core/dialects/dialect.ts";
import type { ChatCompletion } from "#core/providers/provider.ts";
import { calledWith } from "#core/providers/tool-forms.ts";
import type { ResponsesRequest } from "#core/schemas/responses.ts";
import type { JsonRecord } from "#core/values/records.ts";
import { Carrier } from "./carried.ts";
import { heldMessageId, ItemIds, saidText } from "./item-ids.ts";
import { callItem, messageItem, reasoningItem, refusalPart, textPart } from "./output-items.ts";
import { textOf } from "./read.ts";
import { endOf, responseMaker, toResponseUsage } from "./response-object.ts";
import { ToolNames } from "./tool-names.ts";

type Choice = ChatCompletion["choices"][number];

const wordsOf = ({ message, logprobs }: Choice): ResponseOutputMessage["content"] => {
  const { content, refusal } = message;
  return [
    ...(content ? [textPart(content, (logprobs?.content ?? []) as ResponseOutputText["logprobs"])] : []),
    ...(refusal ? [refusalPart(refusal)] : []),
  ];
};

/** An id that can be given back alone, for callers that have not said that nothing is to be stored. */
const messageId = (content: ResponseOutputMessage["content"], ids: ItemIds, { store }: ResponsesRequest): string => {
  const own = ids.next("msg");
  return store === false ? own : (heldMessageId(saidText({ content })) ?? own);
};

/** The items of one choice, in the order in which a model makes them. */
const itemsOf = (choice: Choice, facts: AnswerFacts<ResponsesRequest>): ResponseOutputItem[] => {
  const ids = new ItemIds(facts.requestId);
  const names = new ToolNames(facts.body.tools);
  const { message, finish_reason: finishReason } = choice;
  const calls = message.tool_calls ?? [];
  const cut = endOf(finishReason).status === "incomplete";
  const status = cut ? "incomplete" : "completed";
  const carrier = new Carrier();
  carrier.note(message as unknown as JsonRecord);
  for (const call of calls) {
    const extra = (call as { readonly extra_content?: unknown }).extra_content;
    if (extra !== undefined) carrier.noteCall(call.id, extra);
  }
  const summary = textOf((message as { readonly reasoning_content?: unknown }).reasoning_content) ?? "";
  const items: ResponseOutputItem[] = [];
  if (summary !== "" || carrier.waits) items.push(reasoningItem(ids.next("rs"), summary, carrier.take()));
  const content = wordsOf(choice);
  if (content.length > 0 || calls.length === 0) {
    items.push(messageItem(messageId(content, ids, facts.body), calls.length > 0 ? "completed" : status, content));
  }
  for (const [index, call] of calls.entries()) {
    const { name, text } = calledWith(call);
    const tool = names.callerName(name);
    const id = ids.next(tool.type === "custom" ? "ctc" : "fc");
    const isLast = index === calls.length - 1;
    items.push(callItem({ id, callId: call.id, tool, status: isLast ? status : "completed", text }));
  }
  return items;
};

/** A whole chat completion as an answer of this dialect. */
export const responsesAnswer = (completion: ChatCompletion, facts: AnswerFacts<ResponsesRequest>): unknown => {
  const [choice] = completion.choices;
  if (choice === undefined) throw new Error("A completion without a choice");
  return responseMaker(facts)({
    ...endOf(choice.finish_reason),
    model: completion.model,
    output: itemsOf(choice, facts),
    usage: toResponseUsage(completion.usage),
  });
};
