import { readFileSync } from "node:fs";
import { encode } from "gpt-tokenizer/encoding/o200k_base";
import { expect } from "vitest";
import { exaSearchPicoUsd } from "#core/catalog/search-prices.ts";
import type { UsageEvent } from "#core/db/usage-events.ts";
import { answerTokens, type PaidWork, type Play, paidWork } from "./paid-work.ts";

/** The table "What is booked" of docs/reference/faults.md, what its cells say as checks, and which call of a provider is whose. */

export const kindOfKill = "the function is killed";
/** Models of a battle, each of which is called. */
export const modelsOfBattle = 2;
/** Settings that say where the providers of the work are. */
export const baseUrls = [
  "OPENAI_BASE_URL",
  "GOOGLE_BASE_URL",
  "MINIMAX_BASE_URL",
  "FAL_BASE_URL",
  "FASHN_BASE_URL",
  "EXA_BASE_URL",
];
const reset: Play = (response) => void response.socket?.resetAndDestroy();

export interface Row {
  /** The first cell up to its colon. */
  readonly kind: string;
  /** What its colon announces; one nameless end where there is no colon. */
  readonly ends: readonly string[];
  readonly work: readonly string[];
  readonly event: string;
  readonly cap: string;
}

const listOf = (text: string): readonly string[] => text.split(",").map((part) => part.trim());

const readRows = (): readonly Row[] => {
  const text = readFileSync(new URL("../../../docs/reference/faults.md", import.meta.url), "utf8");
  const [, section = ""] = text.split("\n## What is booked\n");
  const lines = (section.split("\n## ")[0] ?? "").split("\n").filter((line) => line.startsWith("| "));
  return lines.slice(1).map((line) => {
    const [end = "", work = "", event = "", cap = ""] = line
      .split("|")
      .slice(1)
      .map((cell) => cell.trim());
    const [kind = "", ends] = end.split(": ");
    return { kind, ends: ends === undefined ? [""] : listOf(ends), work: listOf(work), event, cap };
  });
};

export const rows = readRows();

/** What one request left behind. */
export interface Booked {
  readonly work: PaidWork;
  readonly text: string;
  /** Of the work itself: of a battle with searches, the searches. */
  readonly events: readonly UsageEvent[];
  /** Of all events. */
  readonly costPicoUsd: bigint;
  readonly otherCostPicoUsd: bigint;
  readonly spentPicoUsd: bigint;
}

const sum = (amounts: readonly (bigint | undefined)[]): bigint =>
  amounts.reduce<bigint>((total, amount) => total + (amount ?? 0n), 0n);
const reservedOf = (events: readonly UsageEvent[]): bigint => sum(events.map(({ reservedPicoUsd }) => reservedPicoUsd));
const reservedPerCall = (events: readonly UsageEvent[]): bigint =>
  sum(events.map(({ reservedPicoUsd, attempts }) => reservedPicoUsd * BigInt(attempts.length)));
const ownSpend = ({ spentPicoUsd, otherCostPicoUsd }: Booked): bigint => spentPicoUsd - otherCostPicoUsd;

const expectInput = ({ events, text }: Booked): void => {
  for (const { inputTokens, attempts } of events) {
    expect(inputTokens).toBeGreaterThanOrEqual(encode(text).length * attempts.length);
    expect(inputTokens % attempts.length).toBe(0);
  }
};
const expectEach = ({ events }: Booked, expected: object): void => {
  expect(events).toMatchObject(events.map(() => expected));
};
const expectCounts = (booked: Booked, expected: object = {}): void =>
  expectEach(booked, { status: "ok", estimated: false, ...booked.work.counts, ...expected });
const broken = { status: expect.stringMatching(/^(error|cancelled)$/), estimated: true };
const expectQuote = (booked: Booked): void => {
  expectEach(booked, broken);
  expect(sum(booked.events.map(({ costPicoUsd }) => costPicoUsd))).toBe(quoteOf(booked));
};
const quoteOf = ({ work, events }: Booked): bigint =>
  work.name === "web search" ? exaSearchPicoUsd * BigInt(events.length) : reservedOf(events);

/** What the column "Usage event" says, as checks. */
export const eventChecks: Readonly<Record<string, (booked: Booked) => void>> = {
  "these counts": expectCounts,
  "the bound of the input, the output by its characters; `estimated`": (booked) => {
    const { counts } = booked.work;
    expectInput(booked);
    expectEach(booked, { status: "ok", estimated: true, outputTokens: counts?.outputTokens === 0 ? 0 : answerTokens });
  },
  "the provider's counts so far or the bound of the input, the output so far; `estimated`": (booked) => {
    expectInput(booked);
    expectEach(booked, { ...broken, outputTokens: answerTokens });
  },
  "the bound of the input for each call; `estimated`": (booked) => {
    expectInput(booked);
    expectEach(booked, { ...broken, outputTokens: 0 });
  },
  "its counts, in addition to the answer's": (booked) => {
    const { inputTokens = 0, outputTokens = 0 } = booked.work.counts ?? {};
    expectCounts(booked, { inputTokens: 2 * inputTokens, outputTokens: 2 * outputTokens });
  },
  "what the provider reports, else the quote": (booked) => {
    expectEach(booked, { status: "ok", estimated: false });
    expect(booked.costPicoUsd).toBeGreaterThan(0n);
    if (booked.work.name !== "images") expect(booked.costPicoUsd).toBe(quoteOf(booked));
    // 10 tokens of text at 5 dollars a million, 40 of images at 8, 50 of output at 30.
    else expect(booked.costPicoUsd).toBe(1_870_000_000n);
  },
  "the quote; `estimated`": expectQuote,
  "the quote of each that arrived or may have been made; `estimated`": (booked) => {
    expectEach(booked, { status: "ok", estimated: true });
    expect(booked.costPicoUsd).toBe(quoteOf(booked));
  },
  "the quote of each that may have been made; `estimated`": (booked) => {
    expectEach(booked, broken);
    // The first of three was refused.
    expect(booked.costPicoUsd).toBe((quoteOf(booked) * 2n) / 3n);
  },
  nothing: (booked) =>
    expectEach(booked, { status: "error", inputTokens: 0, outputTokens: 0, costPicoUsd: 0n, estimated: false }),
  "the amount that was reserved; `abandoned`, `estimated`": ({ events }) => {
    for (const event of events) {
      expect(event).toMatchObject({ status: "abandoned", estimated: true, costPicoUsd: event.reservedPicoUsd });
      expect(event.reservedPicoUsd).toBeGreaterThan(0n);
    }
  },
  "the same event, as the caller's own cost": (booked) => {
    const { work, events, text } = booked;
    for (const event of events) {
      const { costPicoUsd } = event;
      expect(costPicoUsd).toBeGreaterThan(0n);
      expect(event.byok ? (event.byokCostPicoUsd ?? costPicoUsd) : event.byokCostPicoUsd).toBe(costPicoUsd);
      if (event.status === "ok") expect(event).toMatchObject({ ...work.counts, estimated: false });
      else expect(event).toMatchObject({ estimated: true, outputTokens: 0 });
    }
    if (work.counts !== undefined && events.some(({ status }) => status !== "ok")) expectInput({ ...booked, text });
  },
};

/** What the column "Daily cap" says. */
export const capChecks: Readonly<Record<string, (booked: Booked) => void>> = {
  "their cost": (booked) => {
    expect(booked.spentPicoUsd).toBe(booked.costPicoUsd);
    expect(booked.spentPicoUsd).toBeGreaterThan(0n);
  },
  "the amount reserved for each call": (booked) => {
    expect(booked.spentPicoUsd).toBe(reservedPerCall(booked.events));
    expect(booked.spentPicoUsd).toBeGreaterThan(0n);
  },
  "the same amount": (booked) => expect(booked.spentPicoUsd).toBe(booked.costPicoUsd),
  "the quote": (booked) => expect(ownSpend(booked)).toBe(quoteOf(booked)),
  nothing: (booked) => expect(ownSpend(booked)).toBe(0n),
  "nothing: the quote is returned": (booked) => {
    expect(reservedOf(booked.events)).toBeGreaterThan(0n);
    expect(booked.spentPicoUsd).toBe(0n);
  },
};

let mark = 0;
export const newText = (): string => `Tell me about mark-${process.pid}-${mark++}-end, please.`;
const markOf = (text: string): string => /mark-\d+-\d+-end/.exec(decodeURIComponent(text))?.[0] ?? "";

/** Which test a call of a provider belongs to: its mark is in the body, or in the path of a job's status. */
export class Plays {
  readonly #plays = new Map<string, Play>();
  readonly #asked = new Map<string, number>();

  set(text: string, play: Play): void {
    this.#plays.set(markOf(text), play);
  }

  askedFor(text: string): number {
    return this.#asked.get(markOf(text)) ?? 0;
  }

  readonly play: Play = (response, asked) => {
    const found =
      markOf(`${asked.path} ${JSON.stringify(asked.body ?? "")}`.replaceAll("%", "%25")) || markOf(asked.path);
    this.#asked.set(found, (this.#asked.get(found) ?? 0) + 1);
    return (this.#plays.get(found) ?? reset)(response, asked);
  };
}

/** The work of a row's cell, in each of its forms. */
export const formsOf = (names: readonly string[]): readonly PaidWork[] =>
  paidWork.filter(({ name }) => names.includes(name));

export const check = ({ event, cap }: Row, booked: Booked, about: string): void => {
  try {
    expect(booked.events.length).toBeGreaterThan(0);
    eventChecks[event]?.(booked);
    capChecks[cap]?.(booked);
  } catch (error) {
    const facts = JSON.stringify(booked, (_, value: unknown) => (typeof value === "bigint" ? `${value}n` : value));
    throw new Error(`${about}: ${String(error)}\n${facts.slice(0, 3_000)}`, { cause: error });
  }
};

export const bookedOf = (work: PaidWork, text: string, all: readonly UsageEvent[], spentPicoUsd: bigint): Booked => {
  const isOwn = ({ provider }: UsageEvent): boolean => (provider === "exa") === (work.name === "web search");
  const costOf = (some: readonly UsageEvent[]): bigint => sum(some.map(({ costPicoUsd }) => costPicoUsd));
  return {
    work,
    text,
    events: all.filter(isOwn),
    costPicoUsd: costOf(all.filter(isOwn)),
    otherCostPicoUsd: costOf(all.filter((event) => !isOwn(event))),
    spentPicoUsd,
  };
};
