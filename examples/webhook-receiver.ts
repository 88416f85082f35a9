/**
 * Receives the webhook of a finished job and verifies its signature (https://www.standardwebhooks.com). Needs
 * WEBHOOK_SECRET, the `webhookSecret` of the response that started the job; listens on PORT (3000). The gateway delivers
 * to public https URLs only, so put this behind a proxy or tunnel that terminates TLS.
 */
import { createServer, type IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import { Webhook, WebhookVerificationError } from "standardwebhooks";

interface JobEvent {
  readonly type: "job.completed" | "job.failed";
  readonly data: { readonly id: string; readonly status: string };
}

const { WEBHOOK_SECRET = "", PORT = "3000" } = process.env;
if (WEBHOOK_SECRET === "") {
  console.error("Set WEBHOOK_SECRET to the webhookSecret of the response that started the job.");
  process.exit(1);
}
const webhook = new Webhook(WEBHOOK_SECRET);

/** Resolves with the status to answer. */
const receive = async (request: IncomingMessage): Promise<number> => {
  // The signature covers the raw body: verify before parsing.
  const body = await text(request);
  const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
  try {
    const { type, data } = webhook.verify(body, headers) as JobEvent;
    // Deliveries can repeat: webhook-id is the same for each attempt.
    console.log(`${headers["webhook-id"]}: ${type} ${data.id}`);
    return 204;
  } catch (error) {
    if (error instanceof WebhookVerificationError) return 400;
    throw error;
  }
};

const server = createServer((request, response) => {
  receive(request).then(
    (status) => response.writeHead(status).end(),
    (error: unknown) => {
      console.error(error);
      response.writeHead(500).end();
    },
  );
});

server.listen(Number(PORT), "127.0.0.1", () => {
  const address = server.address();
  console.log(`Listening on http://127.0.0.1:${typeof address === "object" ? address?.port : address}`);
});
