import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fetchImage } from "#core/outbound/fetch-image.ts";
import { isPublicAddress } from "#core/outbound/public-address.ts";
import { embedImages } from "#core/providers/compatible/embed-images.ts";
import { callProvider, rejection } from "../providers/support.ts";

const options = { signal: new AbortController().signal };

describe("only the public internet is fetched from", () => {
  test.each([
    "127.0.0.1",
    "10.1.2.3",
    "172.31.255.255",
    "192.168.0.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "255.255.255.255",
    "224.0.0.1",
    "::",
    "::1",
    "fe80::1",
    "fd00:ec2::254",
    "::ffff:127.0.0.1",
    "::ffff:a9fe:a9fe",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "2001:db8::1",
    "example.com",
    "",
  ])("%s is refused", (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });

  test.each(["1.1.1.1", "8.8.8.8", "172.32.0.1", "192.169.0.1", "2606:4700:4700::1111"])("%s is taken", (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });

  test.each([
    "http://example.com/a.png",
    "file:///etc/passwd",
    "https://127.0.0.1/a.png",
    "https://[::1]/a.png",
    "https://2130706433/a.png",
    "https://0x7f.1/a.png",
    "https://169.254.169.254/latest/meta-data",
    "https://localhost/a.png",
    "not a url",
  ])("%s is a 400 that names the field", async (url) => {
    const error = await rejection(fetchImage(url, "messages[0].content[1].image_url.url", options));
    expect(error).toMatchObject({
      name: "GatewayError",
      status: 400,
      param: "messages[0].content[1].image_url.url",
      message: expect.stringContaining("data: URL"),
    });
  });

  test("a Gemini request with such an image is refused before any call", async () => {
    const content = [{ type: "image_url", image_url: { url: "https://127.0.0.1/a.png" } }];
    const error = await rejection(
      callProvider({ messages: [{ role: "user", content }] }, { provider: "google", model: "gemini-3.5-flash" }),
    );
    expect(error).toMatchObject({ status: 400, param: "messages[0].content[0].image_url.url" });
  });
});

const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;

describe.skipIf(!hasOpenssl)("an image's server (skipped without openssl, which makes its certificate)", () => {
  let server: Server;
  let folder = "";
  let ca = "";
  let base = "";

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "concurred-tls-"));
    const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
    const subject = ["-subj", "/CN=images.test", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
    const made = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", key, "-out", cert];
    expect(spawnSync("openssl", [...made, ...subject]).status).toBe(0);
    ca = await readFile(cert, "utf8");
    server = createServer({ key: await readFile(key), cert: ca }, (request, response) => {
      const answers: Readonly<Record<string, () => void>> = {
        "/a.png": () => response.writeHead(200, { "content-type": "image/png" }).end("pixels"),
        "/moved": () => response.writeHead(302, { location: "/a.png" }).end(),
        "/loop": () => response.writeHead(302, { location: "/loop" }).end(),
        "/inside": () => response.writeHead(302, { location: "https://169.254.169.254/latest" }).end(),
        "/plain": () => response.writeHead(302, { location: "http://localhost/a.png" }).end(),
        "/page": () => response.writeHead(200, { "content-type": "text/html" }).end("<html>"),
        "/large": () => response.writeHead(200, { "content-type": "image/png" }).end(Buffer.alloc(6 * 1024 * 1024)),
        "/cut": () => {
          response.writeHead(200, { "content-type": "image/png", "content-length": "100" });
          response.write("half", () => response.destroy());
        },
      };
      (answers[request.url ?? ""] ?? (() => response.writeHead(404).end()))();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    base = `https://localhost:${(server.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    server.closeAllConnections();
    server.close();
    await rm(folder, { recursive: true });
  });

  const local = (address: string): boolean => address === "127.0.0.1" || address === "::1";
  const fetchLocal = (path: string) => fetchImage(`${base}${path}`, "p", { ...options, allows: local, ca });

  test.each(["/a.png", "/moved"])("%s gives the image as a data: URL", async (path) => {
    expect(await fetchLocal(path)).toBe(`data:image/png;base64,${Buffer.from("pixels").toString("base64")}`);
  });

  test.each([
    ["/loop", "redirected too often"],
    ["/inside", "not public"],
    ["/plain", "not https"],
    ["/page", "not an image"],
    ["/large", "larger than 5 MB"],
    ["/cut", "closed the connection"],
    ["/gone", "answered 404"],
  ])("%s is refused: %s", async (path, why) => {
    expect(await rejection(fetchLocal(path))).toMatchObject({ status: 400, message: expect.stringContaining(why) });
  });

  test("a name that leads to an address which is not allowed is never connected to", async () => {
    const error = await rejection(fetchImage(`${base}/a.png`, "p", { ...options, ca }));
    expect(error).toMatchObject({ status: 400, message: expect.stringContaining("not public") });
  });
});

test("messages whose images are data: URLs stay the same", async () => {
  const messages = [{ role: "user", content: [{ type: "image_url", image_url: { url: "data:image/png;base64,AA" } }] }];
  expect(await embedImages(messages, options.signal)).toBe(messages);
});
