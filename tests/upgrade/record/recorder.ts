import { createHash } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import * as z from "zod";
import { dynamoDbAt, type Row, readRows } from "./dump.ts";
import { OldGateway, type OldGatewayOptions, type Reply } from "./old-gateway.ts";
import type { RecordedRequest } from "./requests.ts";

const pollMs = 500;
const usualTimeoutMs = 60_000;

const answerSchema = z.object({ data: z.unknown() });
const startedJobSchema = z.object({
  data: z.object({ id: z.string().regex(/^job_/), webhookSecret: z.string().optional() }),
});

const pathOf = ({ path }: RecordedRequest): string => (path.startsWith("/api/") ? path : `/api/v1${path}`);

/** A caller with one API key, who notes what a recording has to know of its requests. */
export class Recorder {
  readonly exchanges: Record<string, unknown> = {};
  readonly jobIds: Record<string, string> = {};
  readonly webhookSecrets: Record<string, string> = {};
  readonly #options: OldGatewayOptions;
  #gateway: OldGateway;
  /** Set once the key is made. */
  apiKey = "";

  private constructor(options: OldGatewayOptions, gateway: OldGateway) {
    this.#options = options;
    this.#gateway = gateway;
  }

  static async start(options: OldGatewayOptions): Promise<Recorder> {
    return new Recorder(options, await OldGateway.start(options));
  }

  get gateway(): OldGateway {
    return this.#gateway;
  }

  /** Kills the gateway and starts it again on its data. */
  async killAndRestart(): Promise<void> {
    await this.#gateway.kill();
    this.#gateway = await OldGateway.start(this.#options);
  }

  async rows(table: string): Promise<readonly Row[]> {
    const { dynamoDbEndpoint, tableNames } = this.#gateway.ready.local;
    const client = dynamoDbAt(dynamoDbEndpoint);
    try {
      return await readRows(client, tableNames[table] ?? "");
    } finally {
      client.destroy();
    }
  }

  /** @throws Error when it is not so in time */
  async until(what: string, isSo: () => Promise<boolean>, timeoutMs = usualTimeoutMs): Promise<void> {
    const endMs = Date.now() + timeoutMs;
    while (!(await isSo())) {
      if (Date.now() > endMs) throw new Error(`Waited in vain until ${what}`);
      await pause(pollMs);
    }
  }

  /** `data` of the answer to a GET. @throws Error for a refusal */
  async read(path: string): Promise<unknown> {
    const { status, body } = await this.#gateway.send({ method: "GET", path, headers: this.#authorization });
    if (status !== 200) throw new Error(`${path}: ${body.toString()}`);
    return answerSchema.parse(JSON.parse(body.toString())).data;
  }

  /** Sends a request and notes its answer, and the job that it started. */
  async record(request: RecordedRequest, headers: Readonly<Record<string, string>> = {}): Promise<Reply> {
    const sent = { ...request.headers, ...headers };
    const path = pathOf(request);
    const { body } = request;
    const reply = await this.#gateway.send({
      method: "POST",
      path,
      headers: { ...this.#authorization, ...sent },
      body,
    });
    const contentType = reply.headers.get("content-type") ?? "";
    this.exchanges[request.name] = {
      path,
      headers: sent,
      body,
      status: reply.status,
      requestId: reply.headers.get("x-request-id"),
      contentType,
      sha256: createHash("sha256").update(reply.body).digest("hex"),
    };
    if (contentType.startsWith("application/json")) this.#noteJob(request.name, JSON.parse(reply.body.toString()));
    return reply;
  }

  #noteJob(name: string, answer: unknown): void {
    const job = startedJobSchema.safeParse(answer);
    if (!job.success) return;
    const { id, webhookSecret } = job.data.data;
    this.jobIds[name] = id;
    if (webhookSecret !== undefined) this.webhookSecrets[name] = webhookSecret;
  }

  /** Sends a request and lets go of it once its usage row is open. Resolves to its id. */
  async leaveOpen(request: RecordedRequest): Promise<string> {
    const openIds = async () =>
      (await this.rows("usage")).flatMap(({ status, requestId }) =>
        status?.S === "open" && requestId?.S !== undefined ? [requestId.S] : [],
      );
    const known = new Set(await openIds());
    const headers = { ...this.#authorization, ...request.headers };
    // It never ends by itself: the gateway is killed under it, or it is cancelled.
    this.#gateway.open({ method: "POST", path: pathOf(request), headers, body: request.body }).catch(() => undefined);
    let found: string | undefined;
    await this.until(`${request.name} is open`, async () => {
      found = (await openIds()).find((id) => !known.has(id));
      return found !== undefined;
    });
    return found ?? "";
  }

  async cancel(requestId: string): Promise<void> {
    const path = `/api/v1/requests/${requestId}/cancel`;
    const { status } = await this.#gateway.send({ method: "POST", path, headers: this.#authorization });
    if (status >= 300) throw new Error(`Cancelling ${requestId}: ${status}`);
  }

  get #authorization(): Readonly<Record<string, string>> {
    return { authorization: `Bearer ${this.apiKey}` };
  }
}
