import { setTimeout as pause } from "node:timers/promises";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { maxJobMs } from "#core/jobs/job-times.ts";
import { pollDueJobs } from "#core/jobs/poll-due-jobs.ts";
import { storeProviderKey } from "#core/provider-keys/provider-keys.ts";
import { type HttpReply, request } from "#tests/accounts/support/gateway.ts";
import type { Caller } from "#tests/core/support/chat-gateway.ts";
import { muteLog } from "#tests/core/support/lambda.ts";
import { hasTables, tablesName } from "#tests/core/support/tables.ts";
import { eventually } from "#tests/support/cloud.ts";
import {
  type Booked,
  baseUrls,
  bookedOf,
  capChecks,
  check,
  eventChecks,
  formsOf,
  kindOfKill,
  modelsOfBattle,
  newText,
  Plays,
  rows,
} from "./support/booked-table.ts";
import { admissionOf, eventsOf, useFaultyGateway } from "./support/gateway.ts";
import { type PaidWork, type Play, paidWork, searching } from "./support/paid-work.ts";
import { beginAnswer } from "./support/wires.ts";

/** Walks the table "What is booked" of docs/reference/faults.md: each end, on each kind of work, books what its row says. The row
 * of killed functions is in booked-killed.test.ts. */

muteLog();
vi.setConfig({ testTimeout: 120_000 });

/** Keeps an answer going without saying anything, until its reader leaves. */
const drip: Play = async (response) => {
  while (!response.destroyed && !response.writableEnded) {
    response.write(response.getHeader("content-type") === "text/event-stream" ? ": still here\n\n" : " ");
    await pause(50);
  }
};
const reset: Play = (response) => void response.socket?.resetAndDestroy();

/** An answer that ends in what nobody can read. */
const brokenBody =
  ({ events }: PaidWork, text: string): Play =>
  (response) => {
    if (!response.headersSent) beginAnswer(response, events);
    response.end(events ? `data: ${text}\n\n` : text);
  };

/** What a provider does to an answer that has begun, or before it begins. */
const ends: Readonly<Record<string, (work: PaidWork) => Play>> = {
  timeout: (work) => (response, asked) => {
    if (!response.headersSent) beginAnswer(response, work.events);
    return drip(response, asked);
  },
  silence: () => () => undefined,
  cancel: () => () => undefined,
  reset: () => reset,
  "an answer that is not JSON": (work) => brokenBody(work, "<html>"),
  "an answer without the result": (work) => brokenBody(work, '{"hello":"world"}'),
};

/** Ends that need the function's time to run out, so little of it is given, ms: it keeps 3 s for itself. */
const shortMs = 6_000;
const runsOut: ReadonlySet<string> = new Set(["timeout", "silence"]);

interface Produced {
  readonly play: (text: string) => Play;
  readonly remainingMs?: number;
  readonly cancels?: boolean;
  /** A job's end, which a poll brings. */
  readonly job?: "ended" | "failed" | "gone" | "late";
  readonly byok?: boolean;
  readonly body?: object;
}

const timesOf = (end: string): Pick<Produced, "remainingMs" | "cancels"> => ({
  ...(runsOut.has(end) ? { remainingMs: shortMs } : {}),
  ...(end === "cancel" ? { cancels: true } : {}),
});

/** A tool whose calls are held to its schema, and a model that breaks it once. */
const strictTool = {
  type: "function",
  function: {
    name: "look",
    strict: true,
    parameters: {
      type: "object",
      properties: { at: { type: "string" } },
      required: ["at"],
      additionalProperties: false,
    },
  },
};
const strictModel = "gemini-2.5-flash";
const strictAnswer = (call: object): string =>
  JSON.stringify({
    id: "chatcmpl-played",
    object: "chat.completion",
    created: 1,
    model: strictModel,
    choices: [
      {
        index: 0,
        message: { role: "assistant", content: null, tool_calls: [{ id: "call_1", type: "function", function: call }] },
        finish_reason: "tool_calls",
      },
    ],
    usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 },
  });
const breakingOnce = (): Play => {
  let calls = 0;
  return (response) => {
    calls += 1;
    beginAnswer(response, false);
    response.end(strictAnswer({ name: "look", arguments: calls === 1 ? '{"at":1}' : '{"at":"home"}' }));
  };
};

const refusing =
  (status: number): Play =>
  (response) => {
    response.writeHead(status, { "content-type": "application/json", "retry-after": "0" });
    response.end('{"error":{"message":"no","type":"some_error","code":null}}');
  };

const begunThen =
  (work: PaidWork, end: Play): Play =>
  async (response, asked) => {
    work.begin?.(response);
    // What has begun is read before it ends.
    await pause(100);
    await end(response, asked);
  };

const afterSending = (work: PaidWork, end: string): Produced => ({
  play: () => ends[end]?.(work) ?? unknownEnd(end),
  ...timesOf(end),
});
const cutOff = (work: PaidWork, end: string): Produced | undefined =>
  work.begin === undefined
    ? undefined
    : { play: () => begunThen(work, ends[end]?.(work) ?? unknownEnd(end)), ...timesOf(end) };
const unknownEnd = (end: string): never => {
  throw new Error(`Nothing here produces the end "${end}"`);
};

/** Google makes each image in a call of its own: the first one arrives. */
const arrivingOnce = (others: Play): Play => {
  let calls = 0;
  const part = { inlineData: { mimeType: "image/png", data: "aGk=" } };
  return (response, asked) => {
    calls += 1;
    if (calls > 1) return others(response, asked);
    beginAnswer(response, false);
    response.end(JSON.stringify({ candidates: [{ content: { parts: [part] }, finishReason: "STOP" }] }));
  };
};

/** The first of them is refused, before the others end. */
const refusingOnce = (others: Play): Play => {
  let calls = 0;
  return (response, asked) => {
    calls += 1;
    return calls === 1 ? refusing(400)(response, asked) : others(response, asked);
  };
};

/** A request in fal's queue, and what comes of each question about it. */
const acceptedThen =
  (asked: Play, text: string, url: string): Play =>
  (response, request) => {
    if (request.method === "GET") return asked(response, request);
    const at = `${url}/requests/${encodeURIComponent(text)}`;
    beginAnswer(response, false);
    response.end(JSON.stringify({ request_id: "fal-1", status_url: `${at}/status`, response_url: at }));
  };

/** How each end of the table is produced; undefined for a form of work that cannot end so. */
const producers: Readonly<Record<string, (work: PaidWork, end: string, url: string) => Produced | undefined>> = {
  "a whole answer with the provider's counts": (work, _, url) => ({ play: (text) => work.whole(text, url) }),
  "a whole answer without counts": (work) => ({ play: () => work.uncounted ?? unknownEnd("without counts") }),
  "an answer that is cut off": cutOff,
  "no answer after the request was sent": afterSending,
  "an answer that cannot be used (a tool call that breaks its strict schema) and is asked for again": (work) =>
    work.form === "whole"
      ? { play: breakingOnce, body: { model: strictModel, tools: [strictTool], retries: 1 } }
      : undefined,
  "a result": (work, _, url) => ({ play: (text) => work.whole(text, url), job: "ended" }),
  "no result after the request was sent": afterSending,
  "of several images, some that did not arrive": (work, end) => ({
    play: () => arrivingOnce(ends[end]?.(work) ?? unknownEnd(end)),
    body: { model: "gemini-3.1-flash-image", n: 3 },
    ...timesOf(end),
  }),
  "of several images, none that arrived, the first refused": (work, end) => ({
    play: () => refusingOnce(ends[end]?.(work) ?? unknownEnd(end)),
    body: { model: "gemini-3.1-flash-image", n: 3 },
    ...timesOf(end),
  }),
  "no result after the provider accepted the work, as it refuses to say what became of it": (_, end, url) => ({
    play: (text) => acceptedThen(refusing(Number(end)), text, url),
    body: { model: "recraft-v3", n: 2 },
  }),
  "audio that is cut off": cutOff,
  "a job that its provider calls failed": (work, _, url) => ({ play: (text) => work.whole(text, url), job: "failed" }),
  "a job whose end is not seen": (work, end, url) => ({
    play: (text) => work.whole(text, url),
    job: end === "two hours have passed" ? "late" : "gone",
  }),
  "the connection failed before the last byte was sent": () => ({ play: () => reset }),
  "the provider refused before any output": (_, end) => ({ play: () => refusing(Number(end)) }),
  "the function is killed": () => ({ play: () => () => undefined }),
  "the caller's own provider key paid": (work, end, url) => ({
    ...(end === "reset"
      ? { play: () => reset }
      : { play: (text: string) => work.whole(text, url), job: "ended" as const }),
    byok: true,
  }),
};

const kindOfNoConnection = "the connection failed before the last byte was sent";
const secrets = ["OpenaiApiKey", "GoogleApiKey", "MinimaxApiKey", "FalApiKey", "FashnApiKey", "ExaApiKey"];
const unreachable = "http://127.0.0.1:9";

/** Runs so many at a time: the machine of a test is not to be so busy that a short time runs out early. */
const inTurns = async <Item>(
  items: readonly Item[],
  atOnce: number,
  work: (item: Item) => Promise<void>,
): Promise<void> => {
  const waiting = [...items];
  const failures: unknown[] = [];
  const run = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      await work(next).catch((error: unknown) => failures.push(error));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, run));
  if (failures.length > 0) throw failures[0];
};

describe("the table of what is booked", () => {
  it("has a case for each of its rows and cells, and there is no case without a row", () => {
    expect(rows.length).toBeGreaterThan(10);
    expect(rows.map(({ kind }) => kind).toSorted()).toEqual(Object.keys(producers).toSorted());
    expect([...new Set(rows.map(({ event }) => event))].toSorted()).toEqual(Object.keys(eventChecks).toSorted());
    expect([...new Set(rows.map(({ cap }) => cap))].toSorted()).toEqual(Object.keys(capChecks).toSorted());
    expect([...new Set(rows.flatMap(({ work }) => work))].toSorted()).toEqual(
      [...new Set(paidWork.map(({ name }) => name))].toSorted(),
    );
  });
});

describe.skipIf(!hasTables)(`what is booked on ${tablesName}, for`, () => {
  const gateway = useFaultyGateway();
  const plays = new Plays();
  beforeAll(() => {
    for (const name of secrets) process.env[`SST_RESOURCE_${name}`] = JSON.stringify({ value: "platform-key" });
  });

  const reachProvidersAt = (url: string): void => {
    for (const name of baseUrls) process.env[name] = url;
    gateway().play = plays.play;
  };

  const call = (caller: Caller, method: string, path: string, more: object = {}): Promise<HttpReply> =>
    request({ method, path, headers: { authorization: `Bearer ${caller.key}`, "x-cache": "no-cache" }, ...more });

  /** The user's request once it is running. */
  const openRequestOf = (caller: Caller): Promise<string> =>
    eventually(async () => {
      const open = (await eventsOf(caller)).find(({ status }) => status === "open");
      if (open === undefined) throw new Error("No request is open");
      return open.requestId;
    });

  /** Polls a job to its end. */
  const endJob = async (caller: Caller, work: PaidWork, text: string, play: Play, reply: HttpReply): Promise<void> => {
    plays.set(text, play);
    const { id } = reply.data<{ id: string }>();
    await call(caller, "GET", work.status?.(id) ?? "");
  };

  const produce = async (work: PaidWork, produced: Produced): Promise<Booked> => {
    const caller = await gateway().createCaller();
    const text = newText();
    if (produced.byok === true) {
      for (const provider of work.paidBy) {
        await storeProviderKey(caller.userId, { provider, slug: provider, displayName: "Own", apiKey: "own-key-1234" });
      }
    }
    const play = produced.play(text);
    const isSearch = work.name === "web search";
    plays.set(text, isSearch ? searching(play) : play);
    const { remainingMs, cancels, job } = produced;
    const body = { ...work.body(text), ...produced.body };
    const replied = call(caller, "POST", work.path, {
      body,
      ...(remainingMs === undefined ? {} : { remainingMs }),
    }).catch(() => undefined);
    if (cancels === true) {
      const id = await openRequestOf(caller);
      await eventually(() => expect(plays.askedFor(text)).toBeGreaterThan(isSearch ? modelsOfBattle : 0));
      await call(caller, "POST", `/api/v1/requests/${id}/cancel`);
    }
    const reply = await replied;
    if (job === "late") await pollDueJobs(new AbortController().signal, Date.now() + maxJobMs + 60_000);
    const last = job === undefined || job === "late" ? undefined : job === "gone" ? refusing(404) : work.job?.[job];
    if (last !== undefined && reply !== undefined) await endJob(caller, work, text, last, reply);
    const { open, spentPicoUsd } = await admissionOf(caller);
    expect(open).toBe(0);
    return bookedOf(work, text, await eventsOf(caller), spentPicoUsd);
  };

  it.each(rows.filter(({ kind }) => kind !== kindOfKill))("$kind", async (row) => {
    reachProvidersAt(gateway().provider.url);
    const cases = formsOf(row.work).flatMap((work) => row.ends.map((end) => ({ work, end })));
    let made = 0;
    await inTurns(cases, 6, async ({ work, end }) => {
      const produced = producers[row.kind]?.(work, end, gateway().provider.url);
      if (produced === undefined) return;
      made += 1;
      reachProvidersAt(row.kind === kindOfNoConnection ? unreachable : gateway().provider.url);
      check(row, await produce(work, produced), `${row.kind}: ${end}, ${work.name} ${work.form ?? ""}`);
    });
    expect(made).toBeGreaterThan(0);
  });
});
