import { type Agent, request } from "node:http";
import type { LoadedGateway } from "../mixed/gateway.ts";

/** The kinds of requests of the load test of money: each ends in its own way. */

export interface MoneyKind {
  readonly name: string;
  readonly path: string;
  /** What the provider is to do, as `money/provider.ts` reads it. */
  readonly mark: "whole" | "silent" | "stalled" | "cut" | "refused" | "strict" | "search";
  readonly body: (text: string) => object;
  readonly status: number;
  /** The caller cancels it while it runs. */
  readonly cancels?: boolean;
}

const chat = "/api/v1/chat/completions";
const said = (text: string) => [{ role: "user", content: text }];
const openAi = (more: object) => (text: string) => ({
  model: "gpt-4o-mini",
  retries: 0,
  messages: said(text),
  ...more,
});
const look = {
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
const battle = (search: boolean) => (text: string) => ({
  message: text,
  models: ["gpt-4o-mini", "gpt-5-nano"],
  search,
});

/** Cancels and timeouts are rarer than in turn: each takes seconds. */
export const kinds: readonly MoneyKind[] = [
  { name: "chat", path: chat, mark: "whole", body: openAi({}), status: 200 },
  { name: "stream", path: chat, mark: "whole", body: openAi({ stream: true }), status: 200 },
  {
    name: "strict retry",
    path: chat,
    mark: "strict",
    body: (text) => ({ model: "gemini-2.5-flash", retries: 1, messages: said(text), tools: [look] }),
    status: 200,
  },
  { name: "cut-off stream", path: chat, mark: "cut", body: openAi({ stream: true }), status: 200 },
  { name: "timeout", path: chat, mark: "silent", body: openAi({ timeout: 1_500 }), status: 504 },
  { name: "refusal", path: chat, mark: "refused", body: openAi({}), status: 400 },
  { name: "battle with searches", path: "/api/v1/battle", mark: "search", body: battle(true), status: 200 },
  { name: "cancel", path: chat, mark: "stalled", body: openAi({ stream: true }), status: 200, cancels: true },
  {
    name: "fallback",
    path: chat,
    mark: "refused",
    body: openAi({ fallback: ["gemini-2.5-flash"] }),
    status: 400,
  },
  { name: "battle", path: "/api/v1/battle", mark: "whole", body: battle(false), status: 200 },
];

export const kindOf = (index: number): MoneyKind => kinds[index % kinds.length] ?? (kinds[0] as MoneyKind);

const post = (
  { url, apiKey }: Pick<LoadedGateway, "url" | "apiKey">,
  agent: Agent,
  path: string,
  body: object | undefined,
  onBegun: (requestId: string) => void = () => undefined,
): Promise<{ readonly status: number; readonly text: string }> =>
  new Promise((resolve, reject) => {
    const call = request(`${url}${path}`, {
      method: "POST",
      agent,
      headers: {
        authorization: `Bearer ${apiKey}`,
        "x-cache": "no-cache",
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
    });
    call.once("error", reject);
    call.once("response", (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => {
        text += part;
      });
      onBegun(String(response.headers["x-request-id"]));
      response.once("close", () => resolve({ status: response.statusCode ?? 0, text }));
    });
    call.end(body === undefined ? undefined : JSON.stringify(body));
  });

/** Makes one request and, where its kind says so, cancels it. @throws Error where it is answered otherwise than it has to be */
export const ask = async (gateway: LoadedGateway, agent: Agent, kind: MoneyKind, index: number): Promise<void> => {
  let cancelled: Promise<{ readonly status: number }> | undefined;
  const body = kind.body(`Answer this. [[${kind.mark} ${index}]]`);
  const { status, text } = await post(gateway, agent, kind.path, body, (id) => {
    if (kind.cancels === true) cancelled = post(gateway, agent, `/api/v1/requests/${id}/cancel`, undefined);
  });
  if (cancelled !== undefined && (await cancelled).status !== 202) throw new Error("could not be cancelled");
  if (status !== kind.status) throw new Error(`answered ${status}: ${text.slice(0, 300)}`);
};
