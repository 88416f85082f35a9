import { type ArenaEvent, type ArenaEventName, arenaEventSchemas } from "#core/schemas/arena-events.ts";

/** The events of an arena's stream, each as its schema says. */
export const arenaEvents = (text: string): readonly ArenaEvent[] =>
  text.split("\n\n").flatMap((frame) => {
    const [, name, data] = /^event: (\S+)\ndata: (.*)$/.exec(frame) ?? [];
    if (name === undefined || data === undefined) return [];
    return [{ name, data: arenaEventSchemas[name as ArenaEventName].parse(JSON.parse(data)) } as ArenaEvent];
  });

/** How a run ended. Fails unless it ended well. */
export const endOf = (events: readonly ArenaEvent[]) => {
  const event = events.at(-1);
  if (event?.name !== "done") throw new Error(`The last event is ${JSON.stringify(event)}`);
  return event.data;
};
