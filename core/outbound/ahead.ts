import type { ClientRequestArgs, Agent as HttpAgent } from "node:http";
import type { Socket } from "node:net";
import { lastThawMs, watchForFreezes } from "./freeze.ts";

/**
 * Connections that are opened before anybody asks for them, so that their handshakes run while something else is waited for.
 * At most one per origin: the next request that needs a new connection takes it.
 */

/** A server may close a connection that says nothing, and a first request is not sent twice: none waits longer than this, ms. */
const waitMs = 5_000;

interface Waiting {
  readonly socket: Socket;
  /** Unix ms. */
  readonly openedAtMs: number;
}

const waitingFor = new WeakMap<HttpAgent, Map<string, Waiting>>();

const nameOf = ({ host, hostname, port }: ClientRequestArgs): string => `${host ?? hostname}:${port}`;

const take = (waiting: Map<string, Waiting>, name: string): Socket | undefined => {
  const found = waiting.get(name);
  waiting.delete(name);
  if (found === undefined) return undefined;
  const { socket, openedAtMs } = found;
  const isFresh = openedAtMs >= Math.max(Date.now() - waitMs, lastThawMs());
  // As an agent does with a socket that it reuses: whoever waits for an answer keeps the process alive.
  if (isFresh && socket.writable) return socket.ref();
  socket.destroy();
  return undefined;
};

/** Makes an agent take connections that `openAhead` has opened. */
export const takingAhead = <Kept extends HttpAgent>(agent: Kept): Kept => {
  const waiting = new Map<string, Waiting>();
  waitingFor.set(agent, waiting);
  const connect = agent.createConnection.bind(agent);
  agent.createConnection = (options, callback) => take(waiting, nameOf(options)) ?? connect(options, callback);
  return agent;
};

/** Opens a connection unless one waits already. Never throws for the network: the request itself meets what is wrong. */
export const openAhead = (agent: HttpAgent, options: ClientRequestArgs): void => {
  const waiting = waitingFor.get(agent);
  const name = nameOf(options);
  if (waiting === undefined || waiting.has(name)) return;
  watchForFreezes();
  const socket = agent.createConnection(options) as Socket | undefined;
  if (socket === undefined) return;
  const forget = (): void => {
    if (waiting.get(name)?.socket === socket) waiting.delete(name);
  };
  // Whoever takes it listens too; this one only keeps a failure that nobody waits for from ending the process.
  socket.on("error", forget);
  socket.once("close", forget);
  // A connection that nobody takes must not keep a process alive.
  socket.unref();
  waiting.set(name, { socket, openedAtMs: Date.now() });
  setTimeout(() => {
    if (waiting.get(name)?.socket === socket) socket.destroy();
  }, waitMs).unref();
};
