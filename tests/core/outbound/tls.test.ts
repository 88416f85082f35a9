import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getCACertificates, setDefaultCACertificates, type TLSSocket } from "node:tls";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { post } from "#core/outbound/post.ts";
import { connectAhead, readText, send } from "#core/outbound/transport.ts";

const hasOpenSsl = ((): boolean => {
  try {
    execFileSync("openssl", ["version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();

const folder = mkdtempSync(join(tmpdir(), "lean-http-"));
const before = getCACertificates("default");

/** A certificate for `localhost` alone, its own authority. */
const newCertificate = (): { readonly key: string; readonly cert: string } => {
  const [keyFile, certFile] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  execFileSync(
    "openssl",
    [
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1"],
      ...["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", keyFile, "-out", certFile],
    ],
    { stdio: "ignore" },
  );
  return { key: readFileSync(keyFile, "utf8"), cert: readFileSync(certFile, "utf8") };
};

describe.skipIf(!hasOpenSsl)(`post over TLS${hasOpenSsl ? "" : " (skipped: openssl makes its certificate)"}`, () => {
  let server: Server;
  let port: number;
  let cert: string;
  const reused: boolean[] = [];
  let connections = 0;

  beforeAll(async () => {
    const made = newCertificate();
    cert = made.cert;
    server = createServer(made, (request, response) => {
      const socket = request.socket as TLSSocket;
      reused.push(socket.isSessionReused());
      const { alpnProtocol, servername } = socket;
      request.resume().once("end", () => {
        response.setHeader("connection", request.headers["x-then"] ?? "keep-alive");
        response.end(JSON.stringify({ alpnProtocol, servername }));
      });
    })
      .on("secureConnection", () => {
        connections += 1;
      })
      .listen(0, "127.0.0.1");
    await once(server, "listening");
    port = (server.address() as AddressInfo).port;
  });

  afterAll(() => {
    setDefaultCACertificates(before);
    server.close();
    server.closeAllConnections();
    rmSync(folder, { recursive: true, force: true });
  });

  const call = (host: string, then = "keep-alive") =>
    post({
      url: `https://${host}:${port}/`,
      headers: { "x-then": then },
      body: "{}",
      timeoutMs: 5_000,
      maxBytes: 1_000,
    });

  it("does not talk to a server whose certificate nobody vouches for", async () => {
    await expect(call("localhost")).rejects.toMatchObject({ failure: "network" });
    expect(reused).toEqual([]);
  });

  it("names the server, speaks HTTP/1.1, and takes its session up again on the next connection", async () => {
    setDefaultCACertificates([...before, cert]);
    const first = await call("localhost", "close");
    expect(JSON.parse(first.text)).toEqual({ alpnProtocol: "http/1.1", servername: "localhost" });
    await call("localhost", "close");
    expect(reused).toEqual([false, true]);
  });

  it("does not talk to a server by a name that its certificate does not hold", async () => {
    await expect(call("127.0.0.1")).rejects.toMatchObject({
      failure: "network",
      networkCode: "ERR_TLS_CERT_ALTNAME_INVALID",
    });
  });

  it("opens a connection ahead that checks and names the server as any other", async () => {
    const ask = async (host: string): Promise<unknown> => {
      const request = { url: `https://${host}:${port}/`, headers: {}, body: "{}" };
      const response = await send({ ...request, headersTimeoutMs: 5_000, idleTimeoutMs: 5_000 });
      return JSON.parse(await readText(response, 1_000));
    };
    const before = connections;
    connectAhead(`https://localhost:${port}/`);
    await vi.waitFor(() => expect(connections).toBe(before + 1));
    expect(await ask("localhost")).toMatchObject({ servername: "localhost" });
    expect(connections).toBe(before + 1);
    connectAhead(`https://127.0.0.1:${port}/`);
    await expect(ask("127.0.0.1")).rejects.toMatchObject({ networkCode: "ERR_TLS_CERT_ALTNAME_INVALID" });
  });
});
