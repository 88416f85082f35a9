import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer as createTlsServer, type TLSSocket } from "node:tls";
import { processInput, serve } from "./process.ts";

/**
 * The network as it is on AWS: in front of each stand-in stands a server that speaks TLS, makes a new connection wait for its
 * handshakes, and makes each answer wait for the way there and back.
 */

export interface Distance {
  /** Of the stand-in, plain HTTP. */
  readonly url: string;
  /** Added to a new connection, ms. */
  readonly connectMs: number;
  /** Added to each answer, ms. */
  readonly answerMs: number;
}

export type NetworkInput = Readonly<Record<string, Distance>>;

export interface NetworkReady {
  /** By name: `https://localhost:<port>`, and the stand-in's path. */
  readonly urls: Readonly<Record<string, string>>;
  /** Path of the certificate to trust. */
  readonly certificate: string;
}

const folder = mkdtempSync(join(tmpdir(), "bench-network-"));
const [keyFile, certificate] = [join(folder, "key.pem"), join(folder, "certificate.pem")];
execFileSync(
  "openssl",
  [
    ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1"],
    ...["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", keyFile, "-out", certificate],
  ],
  { stdio: "ignore" },
);
const secureContext = { key: readFileSync(keyFile), cert: readFileSync(certificate), ALPNProtocols: ["http/1.1"] };
const sockets = new Set<Socket>();

/** Both ends leave together: there is no one to report an error to. */
const endTogether = (left: Socket, right: Socket): void => {
  for (const [one, other] of [
    [left, right],
    [right, left],
  ] as const) {
    sockets.add(one);
    one.on("error", () => other.destroy());
    one.once("close", () => {
      sockets.delete(one);
      other.destroy();
    });
  }
};

const listen = async ({ url, connectMs, answerMs }: Distance): Promise<string> => {
  const { hostname, port, pathname } = new URL(url);
  const secure = createTlsServer(secureContext, (near: TLSSocket) => {
    const far = connect({ host: hostname, port: Number(port), noDelay: true });
    endTogether(near, far);
    near.setNoDelay(true);
    near.pipe(far);
    // Timers of one length fire in the order in which they were set.
    far.on("data", (bytes) => void setTimeout(() => near.write(bytes), answerMs));
  });
  secure.on("tlsClientError", () => undefined);
  const plain = createServer({ pauseOnConnect: true, noDelay: true }, (socket) => {
    socket.on("error", () => undefined);
    setTimeout(() => secure.emit("connection", socket), connectMs);
  }).listen(0, "127.0.0.1");
  await once(plain, "listening");
  return `https://localhost:${(plain.address() as AddressInfo).port}${pathname === "/" ? "" : pathname}`;
};

const distances = Object.entries(processInput<NetworkInput>());
const urls = Object.fromEntries(
  await Promise.all(distances.map(async ([name, distance]) => [name, await listen(distance)] as const)),
);
serve({ urls, certificate } satisfies NetworkReady, {}, () => {
  for (const socket of sockets) socket.destroy();
  rmSync(folder, { recursive: true, force: true });
});
