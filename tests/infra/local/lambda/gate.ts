import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** Holds functions at named points, so that tests prove an order of events without a clock. */
export interface Gate {
  readonly url: string;
  /** Resolves when that many functions wait (or have waited) at the point. */
  reached(name: string, count?: number): Promise<void>;
  /** Lets one waiting function, or the next one that comes, go on. */
  open(name: string): void;
  close(): Promise<void>;
}

interface Point {
  arrivals: number;
  permits: number;
  readonly waiting: ServerResponse[];
  readonly watchers: { readonly count: number; readonly resolve: () => void }[];
}

export const createGate = async (): Promise<Gate> => {
  const points = new Map<string, Point>();
  const point = (name: string): Point => {
    const existing = points.get(name) ?? { arrivals: 0, permits: 0, waiting: [], watchers: [] };
    points.set(name, existing);
    return existing;
  };
  const server = createServer((request, response) => {
    const at = point(request.url?.slice(1) ?? "");
    at.arrivals += 1;
    for (const { count, resolve } of at.watchers) if (at.arrivals >= count) resolve();
    if (at.permits > 0) {
      at.permits -= 1;
      response.end();
    } else {
      at.waiting.push(response);
    }
  });
  const listening = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", listening.resolve);
  await listening.promise;
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    reached: (name, count = 1) => {
      const at = point(name);
      if (at.arrivals >= count) return Promise.resolve();
      const { promise, resolve } = Promise.withResolvers<void>();
      at.watchers.push({ count, resolve });
      return promise;
    },
    open: (name) => {
      const at = point(name);
      const response = at.waiting.shift();
      if (response === undefined) at.permits += 1;
      else response.end();
    },
    close: () => {
      const closed = Promise.withResolvers<void>();
      server.close(() => closed.resolve());
      server.closeAllConnections();
      return closed.promise;
    },
  };
};
