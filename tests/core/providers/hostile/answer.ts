import { fc } from "#tests/support/property.ts";

/** What a model says, before any provider has put it into its own form. */
export interface Said {
  readonly text: string;
  readonly calls: readonly { readonly name: string; readonly input: Readonly<Record<string, unknown>> }[];
  readonly end: "stop" | "length" | "content_filter";
  readonly usage: { readonly input: number; readonly output: number };
}

const names = ["f", "get_weather", "g-1", "Search_2"];
const input = fc.dictionary(
  fc.string({ maxLength: 6 }),
  fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null)),
  {
    maxKeys: 3,
  },
);

export const said: fc.Arbitrary<Said> = fc.record({
  text: fc.oneof(fc.string({ maxLength: 40 }), fc.string({ unit: "grapheme", maxLength: 20 }), fc.constant("")),
  calls: fc.array(fc.record({ name: fc.constantFrom(...names), input }), { maxLength: 4 }),
  end: fc.constantFrom("stop", "stop", "length", "content_filter"),
  usage: fc.record({ input: fc.integer({ min: 1, max: 1e6 }), output: fc.integer({ min: 0, max: 1e6 }) }),
});

/** Lengths of the pieces that a text is cut into, used in turn. */
export const cuts = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 });

export const inPieces = (text: string, lengths: readonly number[]): string[] => {
  const characters = [...text];
  const pieces: string[] = [];
  for (let at = 0, turn = 0; at < characters.length; turn += 1) {
    const length = lengths[turn % lengths.length] ?? 1;
    pieces.push(characters.slice(at, at + length).join(""));
    at += length;
  }
  return pieces;
};

/** How a stream's events are put on the wire. */
export interface Wire {
  readonly lineEnd: "\n" | "\r\n";
  readonly space: "" | " ";
  readonly spaced: boolean;
  /** Comments and unknown events, each behind so many events. */
  readonly noise: readonly { readonly at: number; readonly line: string }[];
  /** Blank lines more than needed, behind some events. */
  readonly blanks: readonly { readonly at: number; readonly lines: number }[];
  /** Line ends after the last event: an event has two. */
  readonly lastLineEnds: number;
  /** Bytes of each write, used in turn. */
  readonly writes: readonly number[];
  readonly label: string | undefined;
  readonly packing: "none" | "gzip" | "deflate" | "br" | "zstd";
}

const noises = [": OPENROUTER PROCESSING", ":", "retry: 5", "id: 7", "event: ping", "unknown: field"];

export const wire: fc.Arbitrary<Wire> = fc.record({
  lineEnd: fc.constantFrom("\n", "\n", "\r\n"),
  space: fc.constantFrom(" ", " ", ""),
  spaced: fc.boolean(),
  noise: fc.array(fc.record({ at: fc.nat({ max: 12 }), line: fc.constantFrom(...noises) }), { maxLength: 4 }),
  blanks: fc.array(fc.record({ at: fc.nat({ max: 12 }), lines: fc.integer({ min: 1, max: 3 }) }), { maxLength: 2 }),
  lastLineEnds: fc.constantFrom(2, 2, 0, 1, 3),
  writes: fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 4 }),
  label: fc.constantFrom(
    "text/event-stream",
    "Text/Event-Stream; charset=utf-8",
    "text/plain",
    "application/json",
    undefined,
  ),
  packing: fc.constantFrom("none", "none", "none", "gzip", "deflate", "br", "zstd"),
});

/** JSON text with or without the spaces that Python writes. */
export const toJson = (value: unknown, spaced: boolean): string => {
  if (!spaced) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((each) => toJson(each ?? null, true)).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value).filter(([, each]) => each !== undefined);
  return `{${members.map(([name, each]) => `${JSON.stringify(name)}: ${toJson(each, true)}`).join(", ")}}`;
};

/** Events as the text of a stream. A text among them is the data itself. */
export const toStream = (events: readonly unknown[], wired: Wire): string => {
  const { lineEnd, space, spaced, noise, blanks, lastLineEnds } = wired;
  let stream = "";
  for (const [at, event] of events.entries()) {
    for (const each of noise) if (each.at === at) stream += each.line + lineEnd + lineEnd;
    const type = typeof event === "object" && event !== null ? (event as { type?: unknown }).type : undefined;
    if (typeof type === "string") stream += `event:${space}${type}${lineEnd}`;
    const data = typeof event === "string" ? event : toJson(event, spaced);
    const isLast = at === events.length - 1;
    stream += `data:${space}${data}${lineEnd.repeat(isLast ? lastLineEnds : 2)}`;
    for (const each of blanks) if (each.at === at && !isLast) stream += lineEnd.repeat(each.lines);
  }
  return stream;
};
