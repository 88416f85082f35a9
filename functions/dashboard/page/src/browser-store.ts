import { signal } from "@preact/signals";

/**
 * What pages keep in this browser: a database for each user, so that one user's rows are never read for another. A store that
 * is forbidden or full is a state to show, never an error that stops a page.
 */

export type Shelf = "conversations" | "runs";

export interface Stored {
  readonly id: string;
  /** Unix ms of the last change. */
  readonly changedAt: number;
}

const prefix = "concurred-kept-";
const clearPrefix = "concurred-clear-";
const shelves: readonly Shelf[] = ["conversations", "runs"];
/** Of a shelf; the oldest make room. */
const rowsAtMost = 200;

/** Why the last change was not kept; undefined when it was. */
export const storeFault = signal<"unavailable" | "full" | undefined>(undefined);

const promised = <Value>(request: IDBRequest<Value>): Promise<Value> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

const open = async (userId: string): Promise<IDBDatabase> => {
  const request = indexedDB.open(prefix + userId, 1);
  request.onupgradeneeded = () => {
    for (const shelf of shelves) request.result.createObjectStore(shelf, { keyPath: "id" });
  };
  const database = await promised(request);
  // Another tab signs out and clears: it must not wait for this one.
  database.onversionchange = () => database.close();
  return database;
};

const opened = async <Value>(userId: string, use: (database: IDBDatabase) => Promise<Value>): Promise<Value> => {
  const database = await open(userId);
  try {
    return await use(database);
  } finally {
    database.close();
  }
};

/** The value, or `otherwise` where the store does not serve; `storeFault` says why. */
const guarded = async <Value>(otherwise: Value, use: () => Promise<Value>): Promise<Value> => {
  try {
    const value = await use();
    storeFault.value = undefined;
    return value;
  } catch (thrown) {
    storeFault.value = thrown instanceof DOMException && thrown.name === "QuotaExceededError" ? "full" : "unavailable";
    return otherwise;
  }
};

/** Newest first. */
export const readAll = <Row extends Stored>(userId: string, shelf: Shelf): Promise<readonly Row[]> =>
  guarded<readonly Row[]>([], () =>
    opened(userId, async (database) => {
      const rows: readonly Row[] = await promised(database.transaction(shelf).objectStore(shelf).getAll());
      return rows.toSorted((left, right) => right.changedAt - left.changedAt);
    }),
  );

export const readOne = <Row extends Stored>(userId: string, shelf: Shelf, id: string): Promise<Row | undefined> =>
  guarded<Row | undefined>(undefined, () =>
    opened(userId, (database) => promised(database.transaction(shelf).objectStore(shelf).get(id))),
  );

const changed = (transaction: IDBTransaction): Promise<void> =>
  new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
  });

/** Removes the oldest rows of a shelf that holds too many. */
const makeRoom = async (store: IDBObjectStore): Promise<void> => {
  if ((await promised(store.count())) <= rowsAtMost) return;
  const rows: Stored[] = await promised(store.getAll());
  const oldest = rows.toSorted((left, right) => left.changedAt - right.changedAt).slice(0, rows.length - rowsAtMost);
  for (const { id } of oldest) store.delete(id);
};

export const keep = (userId: string, shelf: Shelf, row: Stored): Promise<void> =>
  guarded(undefined, () =>
    opened(userId, async (database) => {
      const transaction = database.transaction(shelf, "readwrite");
      const store = transaction.objectStore(shelf);
      store.put(row);
      await makeRoom(store);
      await changed(transaction);
    }),
  );

export const remove = (userId: string, shelf: Shelf, id: string): Promise<void> =>
  guarded(undefined, () =>
    opened(userId, async (database) => {
      const transaction = database.transaction(shelf, "readwrite");
      transaction.objectStore(shelf).delete(id);
      await changed(transaction);
    }),
  );

/** Whether the user wants this browser to forget them at sign-out. */
export const isClearedAtSignOut = (userId: string): boolean => {
  try {
    return localStorage.getItem(clearPrefix + userId) !== null;
  } catch {
    return false;
  }
};

export const clearAtSignOut = (userId: string, wanted: boolean): void => {
  try {
    if (wanted) localStorage.setItem(clearPrefix + userId, "1");
    else localStorage.removeItem(clearPrefix + userId);
  } catch {
    storeFault.value = "unavailable";
  }
};

/** Deletes what those users have kept who asked for it. For the end of a session. */
export const clearWhereAsked = (): void => {
  try {
    for (const name of Object.keys(localStorage)) {
      if (name.startsWith(clearPrefix)) indexedDB.deleteDatabase(prefix + name.slice(clearPrefix.length));
    }
  } catch {
    // Where storage is forbidden, nothing was kept.
  }
};
