import type { ChatCompletionChunk } from "openai/resources/chat/completions";
import type { Chunk } from "./dialect.ts";

type Choice = ChatCompletionChunk.Choice;

const ends = ({ finish_reason: reason }: Choice): boolean => typeof reason === "string" && (reason as string) !== "";

/** Whether a delta says anything but who speaks. */
const says = ({ delta }: Choice): boolean =>
  Object.entries(delta ?? {}).some(
    ([name, value]) =>
      name !== "role" && value !== null && value !== "" && !(Array.isArray(value) && value.length === 0),
  );

/** Whether no choice says or ends anything. */
export const areSilent = (choices: readonly Choice[]): boolean =>
  choices.every((choice) => !says(choice) && !ends(choice));

const isBare = ({ delta }: Choice): boolean => delta !== undefined && delta !== null && Object.keys(delta).length === 0;

const withRole = (choice: Choice): Choice => ({ ...choice, delta: { role: "assistant", ...choice.delta } });

/**
 * A chunk as the contract has it: the first delta names the role, and a finish reason comes with an empty delta. Most
 * providers send both so, and the same chunk comes back; one that ends together with its last words becomes two.
 * @param begun whether a chunk came before.
 */
export const toContractChunks = (chunk: Chunk, choices: readonly Choice[], begun: boolean): readonly Chunk[] => {
  const namesRole = begun || choices.every(({ delta }) => delta?.role !== undefined && delta.role !== null);
  const ending = choices.filter(ends);
  if (namesRole && ending.every(isBare)) return [chunk];
  const saying = choices.filter((choice) => !begun || !ends(choice) || says(choice));
  const parts: Chunk[] = [];
  if (saying.length > 0) {
    const open = saying.map((choice): Choice => ({ ...choice, finish_reason: null }));
    parts.push({ ...chunk, choices: namesRole ? open : open.map(withRole) });
  }
  if (ending.length > 0) {
    parts.push({ ...chunk, choices: ending.map((choice): Choice => ({ ...choice, delta: {}, logprobs: null })) });
  }
  return parts;
};
