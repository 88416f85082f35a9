import { describe, expect, it } from "vitest";
import { guardedAgent, isListedHost } from "#core/outbound/guarded-agent.ts";
import { OutboundError, send } from "#core/outbound/transport.ts";
import { startFakeProvider } from "#tests/support/fake-provider.ts";

const problemOf = (address: string, listed: readonly string[] = []): string | undefined => {
  try {
    guardedAgent(address, listed);
    return undefined;
  } catch (error) {
    return error instanceof OutboundError && !error.sent ? error.message : "another error";
  }
};

describe("the connections to a caller's address", () => {
  it.each([
    "https://127.0.0.1/v1",
    "https://10.1.2.3/v1",
    "https://169.254.169.254/v1",
    "https://[::1]/v1",
    "https://[::ffff:127.0.0.1]/v1",
    "https://[fd00:ec2::254]/v1",
    "https://0x7f.1/v1",
    "https://2130706433/v1",
    "http://example.com/v1",
  ])("are refused for %s before anything is sent", (address) => {
    expect(problemOf(address)).toMatch(/cannot be used/);
  });

  it("are made to a private host, over http as well, where the stage lists it", () => {
    expect(problemOf("http://10.1.2.3:8000/v1", ["10.1.2.3:8000"])).toBeUndefined();
    expect(problemOf("http://10.1.2.3:8001/v1", ["10.1.2.3:8000"])).toMatch(/not https/);
    expect(problemOf("http://[::1]:11434/v1", ["[::1]"])).toBeUndefined();
    expect(isListedHost(new URL("http://LLM.internal:8000/v1"), ["llm.internal"])).toBe(true);
  });

  it("know a listed host by the default port of its scheme", () => {
    expect(problemOf("http://10.1.2.3/v1", ["10.1.2.3:80"])).toBeUndefined();
    expect(problemOf("https://10.1.2.3/v1", ["10.1.2.3:443"])).toBeUndefined();
    expect(problemOf("https://[fd12::1]/v1", ["[fd12::1]:443"])).toBeUndefined();
    expect(problemOf("http://10.1.2.3/v1", ["10.1.2.3:443"])).toMatch(/not https/);
  });

  it.each([
    "http://169.254.169.254/latest",
    "http://169.254.170.2/v2",
    "http://[fd00:ec2::254]/",
    "http://[fd00:ec2::23]/",
    "http://[::169.254.169.254]/",
    "http://[::ffff:169.254.169.254]/",
    "http://[::ffff:0:169.254.169.254]/",
    "http://[64:ff9b::a9fe:a9fe]/",
    "http://[64:ff9b:1::a9fe:a9fe]/",
    "http://[2002:a9fe:a9fe::1]/",
    "http://[2001:0:a9fe:a9fe::1]/",
  ])("are refused for the cloud's metadata at %s even where the stage lists it", (address) => {
    const { hostname } = new URL(address);
    expect(problemOf(address, [hostname])).toMatch(/not public/);
  });

  it("are refused at the look-up for a name that leads to a private address", async () => {
    const server = await startFakeProvider((_, response) => void response.end());
    try {
      const url = `https://localhost:${new URL(server.url).port}/v1`;
      const sent = send({
        url,
        headers: {},
        body: "{}",
        headersTimeoutMs: 5_000,
        idleTimeoutMs: 5_000,
        agent: guardedAgent(url, []),
      });
      await expect(sent).rejects.toMatchObject({ failure: "network" });
      expect(server.requests).toEqual([]);
    } finally {
      await server.close();
    }
  });

  it("reach a listed name, and keep the connection", async () => {
    const sockets = new Set<unknown>();
    const server = await startFakeProvider((request, response) => {
      sockets.add(request.headers.host);
      response.end("ok");
    });
    try {
      const url = `http://localhost:${new URL(server.url).port}/v1`;
      const agent = guardedAgent(url, ["localhost"]);
      expect(guardedAgent(url, ["localhost"])).toBe(agent);
      const answer = await send({ url, headers: {}, body: "{}", headersTimeoutMs: 5_000, idleTimeoutMs: 5_000, agent });
      answer.resume();
      expect(answer.statusCode).toBe(200);
    } finally {
      await server.close();
    }
  });
});
