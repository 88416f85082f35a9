import { describe, expect, it } from "vitest";
import type { UsageEvent } from "#core/db/usage-event.ts";
import { isSampled } from "#core/exports/export-usage.ts";
import { toOtlp } from "#core/exports/to-otlp.ts";
import { newEvent } from "#tests/core/support/usage-events.ts";
import { fc } from "#tests/support/property.ts";

/** OpenTelemetry's own code of the protocol, generated from its definitions. An older install of the tree may lack it. */
const generated = "@opentelemetry/otlp-transformer/build/src/generated/root.js";

interface Decoder {
  fromObject(object: unknown): unknown;
  toObject(message: unknown, options: object): unknown;
  verify(object: unknown): string | null;
  encode(message: unknown): { finish(): Uint8Array };
  decode(bytes: Uint8Array): unknown;
}

const load = async (): Promise<Decoder | undefined> => {
  const loaded = (await import(generated).catch(() => undefined)) as
    | {
        default: { opentelemetry: { proto: { collector: { trace: { v1: { ExportTraceServiceRequest: Decoder } } } } } };
      }
    | undefined;
  return loaded?.default.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
};
const decoder = await load();

/** JSON has ids in hexadecimal; protobuf's own JSON would have base64. */
const hexIdsToBase64 = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(hexIdsToBase64);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      /^(?:traceId|spanId|parentSpanId)$/.test(name) && typeof member === "string"
        ? Buffer.from(member, "hex").toString("base64")
        : hexIdsToBase64(member),
    ]),
  );
};

interface Span extends Readonly<Record<string, unknown>> {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[];
  readonly events?: readonly { readonly name: string }[];
}

const attributesOf = ({ attributes }: Span): Record<string, unknown> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));

/** Spans as the independent implementation reads them, over its wire format and back. */
const decoded = (events: readonly UsageEvent[]): readonly Span[] => {
  if (decoder === undefined) throw new Error("There is no decoder");
  const json = JSON.parse(JSON.stringify(toOtlp(events))) as unknown;
  const message = decoder.fromObject(hexIdsToBase64(json));
  expect(decoder.verify(message)).toBeNull();
  const read = decoder.toObject(decoder.decode(decoder.encode(message).finish()), {
    longs: String,
    bytes: String,
  }) as { resourceSpans: readonly { scopeSpans: readonly { spans: readonly Span[] }[] }[] };
  // Nothing was lost on the way: an unknown member, or one of another type, would be.
  expect(JSON.parse(JSON.stringify(read))).toMatchObject({ resourceSpans: [{ scopeSpans: [{}] }] });
  return read.resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans));
};

const attempts = [
  { model: "gpt-5.2", provider: "openai", result: "server", status: 500, latencyMs: 100, startedMs: 5 },
  { model: "claude-opus-5", provider: "anthropic", result: "ok", status: 200, latencyMs: 600, startedMs: 150 },
];
const event = newEvent({
  attempts,
  askedModel: "gpt",
  model: "claude-opus-5",
  provider: "x-ai",
  finishReason: "stop",
  tags: { team: "search", session: "s-1" },
  costPicoUsd: 1_234_000_000n,
});

describe.skipIf(decoder === undefined)("spans of requests, read by OpenTelemetry's own definitions", () => {
  it("are one of the request and a child for each attempt, with times in nanoseconds", () => {
    const [root, first, second, ...others] = decoded([event]);
    expect(others).toEqual([]);
    expect(root).toMatchObject({
      name: "chat gpt",
      kind: 2,
      startTimeUnixNano: `${event.startedAt}000000`,
      endTimeUnixNano: `${event.startedAt + 800}000000`,
      status: { code: 1 },
    });
    expect(first).toMatchObject({
      parentSpanId: root?.spanId,
      traceId: root?.traceId,
      kind: 3,
      startTimeUnixNano: `${event.startedAt + 5}000000`,
      endTimeUnixNano: `${event.startedAt + 105}000000`,
      status: { code: 2, message: "server" },
    });
    expect(second).toMatchObject({ parentSpanId: root?.spanId, name: "chat claude-opus-5" });
    expect(Buffer.from(String(root?.traceId), "base64")).toHaveLength(16);
    expect(Buffer.from(String(root?.spanId), "base64")).toHaveLength(8);
  });

  it("carry the semantic conventions' attributes, tokens, cost and tags", () => {
    const [root] = decoded([event]);
    if (root === undefined) throw new Error("No span");
    expect(attributesOf(root)).toMatchObject({
      "gen_ai.operation.name": "chat",
      "gen_ai.provider.name": "x_ai",
      "gen_ai.request.model": "gpt",
      "gen_ai.response.model": "claude-opus-5",
      "gen_ai.usage.input_tokens": "100",
      "gen_ai.usage.output_tokens": "30",
      "gen_ai.conversation.id": "s-1",
      "concurred.tag.team": "search",
      "concurred.cost_usd": 0.001234,
    });
  });

  it("have the same ids whenever they are made, and others for another generation", () => {
    const ids = (events: readonly UsageEvent[]) => decoded(events).map(({ spanId }) => spanId);
    expect(ids([event])).toEqual(ids([{ ...event, latencyMs: 1 }]));
    expect(new Set(ids([event, { ...event, generation: 1 }])).size).toBe(6);
    const [one, , , other] = decoded([event, { ...event, generation: 1 }]);
    expect(one?.traceId).toBe(other?.traceId);
  });

  it("name an error, and tell feedback as an evaluation without the request's own span", () => {
    const [failed] = decoded([newEvent({ status: "error", code: "PROVIDER_TIMEOUT" })]);
    expect(failed).toMatchObject({ status: { code: 2, message: "PROVIDER_TIMEOUT" } });
    expect(failed && attributesOf(failed)["error.type"]).toBe("PROVIDER_TIMEOUT");
    const [feedback, ...others] = decoded([
      { ...event, feedback: { score: -1, comment: "Wrong", at: event.startedAt } },
    ]);
    expect(others).toEqual([]);
    expect(feedback).toMatchObject({ events: [{ name: "gen_ai.evaluation.result" }] });
    expect(feedback?.parentSpanId).toBe(decoded([event])[0]?.spanId);
  });

  it("are readable for any event", () => {
    fc.assert(
      fc.property(
        fc.record({
          latencyMs: fc.option(fc.nat(), { nil: undefined }),
          code: fc.option(fc.string(), { nil: undefined }),
          askedModel: fc.option(fc.string(), { nil: undefined }),
          status: fc.constantFrom("ok", "error", "cancelled", "abandoned"),
          costPicoUsd: fc.option(fc.bigInt({ min: 0n, max: 10n ** 17n }), { nil: undefined }),
          tags: fc.dictionary(fc.string(), fc.string()),
        }),
        (facts) => {
          expect(decoded([newEvent({ ...facts, attempts } as Partial<UsageEvent>)])).toHaveLength(3);
        },
      ),
    );
  });
});

describe("sampling", () => {
  it("takes about the share that is asked for, the same requests each time, and all or none at the ends", () => {
    const ids = Array.from({ length: 2_000 }, (_, index) => `req_${index}`);
    const taken = ids.filter((id) => isSampled(id, 0.25));
    expect(taken.length).toBeGreaterThan(400);
    expect(taken.length).toBeLessThan(600);
    expect(taken.every((id) => isSampled(id, 0.5))).toBe(true);
    expect(ids.filter((id) => isSampled(id, 1))).toHaveLength(2_000);
    expect(ids.filter((id) => isSampled(id, 0))).toEqual([]);
  });
});
