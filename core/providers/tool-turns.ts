type Message = Readonly<Record<string, unknown>>;

const isInstruction = ({ role }: Message): boolean => role === "system" || role === "developer";

const callCount = ({ tool_calls: calls }: Message): number => (Array.isArray(calls) ? calls.length : 0);

/** Whether an instruction stands between a call and its results. */
const isParted = (messages: readonly Message[]): boolean =>
  messages.some((message, index) => message.role === "tool" && index > 0 && isInstruction(messages[index - 1] ?? {}));

/**
 * Messages in which tool results follow their calls at once: providers of OpenAI's shape refuse an instruction in between,
 * so it comes after them. The same list where there is none.
 */
export const withResultsTogether = <Item extends Message>(messages: readonly Item[]): readonly Item[] => {
  if (!isParted(messages)) return messages;
  const ordered: Item[] = [];
  let held: Item[] = [];
  let open = 0;
  for (const message of messages) {
    if (message.role === "tool") open -= 1;
    if (open > 0 && isInstruction(message)) {
      held.push(message);
      continue;
    }
    ordered.push(message);
    open += callCount(message);
    if (open > 0) continue;
    ordered.push(...held);
    held = [];
  }
  return [...ordered, ...held];
};
