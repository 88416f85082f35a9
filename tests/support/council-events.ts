import { type CouncilEvent, type CouncilEventName, councilEventSchemas } from "#core/schemas/council-events.ts";

/** The events of a council's stream, each as its schema says. */
export const councilEvents = (text: string): readonly CouncilEvent[] =>
  text.split("\n\n").flatMap((frame) => {
    const [, name, data] = /^event: (\S+)\ndata: (.*)$/.exec(frame) ?? [];
    if (name === undefined || data === undefined) return [];
    return [{ name, data: councilEventSchemas[name as CouncilEventName].parse(JSON.parse(data)) } as CouncilEvent];
  });
