import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { Unkey } from "@unkey/api";
import * as z from "zod";
import type { Dependencies } from "./dependencies.ts";
import { UnusableData } from "./unusable-data.ts";

/** What a newcomer tries the gateway with: a user for the dashboard and a key for the API. */
const demoAccountSchema = z.object({
  userId: z.string(),
  email: z.string(),
  password: z.string(),
  apiKey: z.string(),
  keyId: z.string(),
});

export type DemoAccount = z.infer<typeof demoAccountSchema>;

/** The key's own limit a minute: made for trying things out. */
const demoRateLimit = 10_000;
const minuteMs = 60_000;
const email = "demo@concurred.local";

const readAccount = async (file: string): Promise<DemoAccount | undefined> => {
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  try {
    return demoAccountSchema.parse(JSON.parse(text));
  } catch {
    // Neither JSON's nor zod's message: both may quote the file, which holds secrets.
    throw new UnusableData(dirname(file), `${basename(file)} is not readable`);
  }
};

/** The demo account of a data folder, made on the first run and kept for the later ones. */
export const demoAccount = async (dataDir: string, dependencies: Dependencies): Promise<DemoAccount> => {
  const file = join(dataDir, "demo-account.json");
  const known = await readAccount(file);
  if (known !== undefined) return known;
  const password = `demo-${randomBytes(9).toString("base64url")}`;
  const userId = (await dependencies.supabase.addUser?.(email, password)) ?? "demo-user";
  const unkey = new Unkey({ rootKey: dependencies.unkey.rootKey, serverURL: dependencies.unkey.url });
  const { data } = await unkey.keys.createKey({
    apiId: dependencies.unkey.apiId,
    prefix: "ck",
    name: "Demo key",
    externalId: userId,
    ratelimits: [{ name: "requests", limit: demoRateLimit, duration: minuteMs, autoApply: true }],
  });
  const account: DemoAccount = { userId, email, password, apiKey: data.key, keyId: data.keyId };
  await writeFile(file, JSON.stringify(account, null, 2), { mode: 0o600 });
  return account;
};
