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

const partsOf = ({ content }: Message): readonly Message[] =>
  Array.isArray(content) ? (content as readonly Message[]) : [];

const isText = ({ type }: Message): boolean => type === "text";

const holdsMore = (message: Message): boolean => message.role === "tool" && !partsOf(message).every(isText);

/** Stands for a result that has no words. */
const resultFollows = "The next message holds the result.";

/**
 * Messages whose tool results are text, for providers that take nothing else there: images and files follow the results of
 * their turn in a message of the user. The same list where there are none.
 */
export const withTextResults = (messages: readonly Message[]): readonly Message[] => {
  if (!messages.some(holdsMore)) return messages;
  const ordered: Message[] = [];
  let attachments: Message[] = [];
  const attach = (): void => {
    if (attachments.length > 0) ordered.push({ role: "user", content: attachments });
    attachments = [];
  };
  for (const message of messages) {
    if (message.role !== "tool") attach();
    if (!holdsMore(message)) {
      ordered.push(message);
      continue;
    }
    const parts = partsOf(message);
    const texts = parts.filter(isText);
    attachments.push(...parts.filter((part) => !isText(part)));
    ordered.push({ ...message, content: texts.length > 0 ? texts : resultFollows });
  }
  attach();
  return ordered;
};
