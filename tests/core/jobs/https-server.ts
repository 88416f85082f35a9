import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import type { IncomingHttpHeaders } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";

/** Makes certificates; without it nothing can be served over https. */
export const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;

export interface Delivery {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface HttpsServer {
  /** `https://localhost:<port>`. */
  readonly url: string;
  readonly ca: string;
  readonly deliveries: Delivery[];
  /** What it answers from now on. */
  answer: { readonly status: number; readonly headers?: Readonly<Record<string, string>> };
  /** Until when it holds its answers back. */
  hold: Promise<void> | undefined;
  close(): Promise<void>;
}

/** A server of the caller's, with a certificate of its own for `localhost`, that keeps what it is told. */
export const startHttpsServer = async (): Promise<HttpsServer> => {
  const folder = await mkdtemp(join(tmpdir(), "webhooks-"));
  const [key, certificate] = [join(folder, "key.pem"), join(folder, "certificate.pem")];
  const made = spawnSync("openssl", [
    ..."req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2".split(" "),
    ...["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
    ...["-keyout", key, "-out", certificate],
  ]);
  if (made.status !== 0) throw new Error(`openssl: ${made.stderr.toString()}`);
  const ca = await readFile(certificate, "utf8");
  const server = createServer({ key: await readFile(key), cert: ca }, async (request, response) => {
    started.deliveries.push({ headers: request.headers, body: await text(request) });
    await started.hold;
    response.writeHead(started.answer.status, started.answer.headers).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const started: HttpsServer = {
    url: `https://localhost:${(server.address() as AddressInfo).port}`,
    ca,
    deliveries: [],
    answer: { status: 200 },
    hold: undefined,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true, force: true });
    },
  };
  return started;
};
