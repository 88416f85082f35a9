import { post } from "#core/outbound/post.ts";

/** A process for thaw.test.ts to freeze: answers each message with as many calls at once as it names. */

interface Order {
  readonly url: string;
  readonly calls: number;
}

process.on("message", ({ url, calls }: Order) => {
  const call = () =>
    post({
      url,
      headers: {},
      body: "{}",
      timeoutMs: 500,
      freshTimeoutMs: 5_000,
      retriesSilence: true,
      maxBytes: 1_000,
    });
  Promise.all(Array.from({ length: calls }, call)).then(
    (answers) => process.send?.(answers.map(({ text }) => text)),
    (error: Error) => process.send?.([error.message]),
  );
});
