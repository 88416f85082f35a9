import { lookup } from "node:dns";
import type { LookupFunction } from "node:net";

/**
 * Resolves a name to addresses that are all allowed. It runs inside the connection, so what was checked is what is connected
 * to, whatever the name's server says the next time.
 */
export const guardedLookup =
  (allows: (address: string) => boolean): LookupFunction =>
  (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      const refused = error ?? (addresses.every(({ address }) => allows(address)) ? null : new Error("not public"));
      const [first] = addresses ?? [];
      if (refused !== null || first === undefined) callback(refused ?? new Error("no address"), "", 4);
      else if (options.all === true) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
