import type { ServerResponse } from "node:http";
import { type FakeProvider, type FakeProviderRequest, startFakeProvider } from "#tests/support/fake-provider.ts";

/** A provider of chat and of searches that keeps books of its own: what it was handed, and what it said that it costs. */

export interface ProviderBooks {
  /** Calls to models that it was handed in full. */
  calls: number;
  /** Calls whose answers stated their tokens. */
  stated: number;
  inputTokens: number;
  outputTokens: number;
  searches: number;
}

export interface BookkeepingProvider {
  readonly books: ProviderBooks;
  readonly server: FakeProvider;
}

interface Asked {
  readonly model: string;
  readonly stream?: boolean;
  readonly messages: readonly { readonly role: string; readonly content?: unknown }[];
  readonly tools?: readonly { readonly function: { readonly name: string } }[];
}

/** What a request asks its answer to be, in its last message of a user: `[[silent 12]]`. */
const wanted = /\[\[(whole|silent|stalled|cut|refused|strict|search) (\d+)\]\]/;

const textOf = ({ messages }: Asked): string => JSON.stringify(messages.filter(({ role }) => role === "user"));

/** Deterministic and different from request to request. */
const tokensOf = (index: number) => ({ input: 10 + (index % 37), output: 5 + (index % 53) });

const frame = (value: object): string => `data: ${JSON.stringify(value)}\n\n`;

interface Said {
  readonly delta: object;
  readonly finish: string;
}

const common = (model: string) => ({ id: "chatcmpl-books", created: 1_700_000_000, model });

const beginStream = (response: ServerResponse, model: string, delta: object): void => {
  response.writeHead(200, { "content-type": "text/event-stream" });
  const choices = [{ index: 0, delta: { role: "assistant", ...delta }, finish_reason: null }];
  response.write(frame({ ...common(model), object: "chat.completion.chunk", choices }));
};

class Books {
  readonly books: ProviderBooks = { calls: 0, stated: 0, inputTokens: 0, outputTokens: 0, searches: 0 };
  /** Strict requests whose first answer broke their schema. */
  readonly #broken = new Set<string>();

  answer(request: FakeProviderRequest, response: ServerResponse): void {
    if (request.path.endsWith("/search")) {
      this.books.searches += 1;
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify({ results: [{ url: "https://example.com/", title: "One", text: "Some text" }] }));
      return;
    }
    const asked = request.body as Asked;
    this.books.calls += 1;
    const [, kind = "whole", digits = "0"] = wanted.exec(textOf(asked)) ?? [];
    const index = Number(digits);
    if (kind === "silent") return;
    if (kind === "stalled" || kind === "cut") {
      beginStream(response, asked.model, { content: "Half of an answer" });
      if (kind === "cut") setTimeout(() => response.socket?.resetAndDestroy(), 20);
      return;
    }
    if (kind === "refused") {
      response
        .writeHead(400, { "content-type": "application/json" })
        .end('{"error":{"message":"no","type":"invalid"}}');
      return;
    }
    this.#say(asked, response, index, this.#said(asked, kind, digits));
  }

  #said(asked: Asked, kind: string, digits: string): Said {
    const call = (name: string, args: object): Said => ({
      delta: {
        tool_calls: [{ index: 0, id: "call_1", type: "function", function: { name, arguments: JSON.stringify(args) } }],
      },
      finish: "tool_calls",
    });
    if (kind === "strict") {
      const isFirst = !this.#broken.delete(digits);
      if (isFirst) this.#broken.add(digits);
      return call("look", isFirst ? { at: 1 } : { at: "home" });
    }
    const mayCall = asked.tools !== undefined && asked.messages.every(({ role }) => role !== "tool");
    return kind === "search" && mayCall
      ? call("web_search", { query: "news" })
      : { delta: { content: "A whole answer" }, finish: "stop" };
  }

  #say({ model, stream }: Asked, response: ServerResponse, index: number, { delta, finish }: Said): void {
    const { input, output } = tokensOf(index);
    this.books.stated += 1;
    this.books.inputTokens += input;
    this.books.outputTokens += output;
    const usage = { prompt_tokens: input, completion_tokens: output, total_tokens: input + output };
    if (stream === true) {
      beginStream(response, model, delta);
      const chunk = { ...common(model), object: "chat.completion.chunk" };
      response.write(frame({ ...chunk, choices: [{ index: 0, delta: {}, finish_reason: finish }] }));
      response.end(`${frame({ ...chunk, choices: [], usage })}data: [DONE]\n\n`);
      return;
    }
    const message = { role: "assistant", content: null, ...delta };
    const choices = [{ index: 0, message, finish_reason: finish }];
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ ...common(model), object: "chat.completion", choices, usage }));
  }
}

export const startBookkeepingProvider = async (): Promise<BookkeepingProvider> => {
  const books = new Books();
  const server = await startFakeProvider((request, response) => books.answer(request, response));
  return { books: books.books, server };
};
