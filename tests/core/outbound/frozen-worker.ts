import { post } from "#core/outbound/post.ts";
import { postWhole } from "#core/outbound/post-whole.ts";
import { readText, send } from "#core/outbound/transport.ts";

/** A process for thaw.test.ts to freeze: answers each message with as many calls at once as it names. */

interface Order {
  readonly url: string;
  readonly calls: number;
  readonly by: "post" | "send" | "postWhole";
}

const callers = {
  post: async (url: string): Promise<string> => {
    const request = { url, headers: {}, body: "{}", timeoutMs: 500, freshTimeoutMs: 5_000, maxBytes: 1_000 };
    return (await post({ ...request, retriesSilence: true })).text;
  },
  // As a provider is called: its headers may take minutes.
  send: async (url: string): Promise<string> => {
    const request = { url, headers: {}, body: "{}", headersTimeoutMs: 300_000, idleTimeoutMs: 300_000 };
    return readText(await send(request), 1_000);
  },
  postWhole: async (url: string): Promise<string> => {
    const request = { url, headers: {}, body: "{}", headersTimeoutMs: 300_000, idleTimeoutMs: 300_000 };
    return (await postWhole({ ...request, maxBytes: 1_000 })).bytes.toString();
  },
};

process.on("message", ({ url, calls, by }: Order) => {
  Promise.all(Array.from({ length: calls }, () => callers[by](url))).then(
    (answers) => process.send?.(answers),
    (error: Error) => process.send?.([error.message]),
  );
});
