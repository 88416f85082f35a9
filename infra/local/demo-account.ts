import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Unkey } from "@unkey/api";
import * as z from "zod";
import type { Dependencies } from "./dependencies.ts";
import { replaceFile } from "./replace-file.ts";
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

export interface DemoAccountOptions {
  readonly dataDir: string;
  readonly dependencies: Dependencies;
  /** Where the gateway answers. */
  readonly url: string;
  /** Hears why the key had to be made past the gateway. */
  readonly onFault: (line: string) => void;
}

/** The key's own limit a minute, the highest that the gateway gives: made for trying things out. */
const demoRateLimit = 10_000;
const minuteMs = 60_000;
const email = "demo@concurred.local";
const keyName = "Demo key";

type NewKey = Pick<DemoAccount, "apiKey" | "keyId">;
type Login = Pick<DemoAccount, "email" | "password">;

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

/** Loaded when it is needed, which a first start is not: the SDK is 400 modules. */
const unkeyOf = async ({ unkey }: Dependencies): Promise<Unkey> => {
  const { Unkey } = await import("@unkey/api");
  return new Unkey({ rootKey: unkey.rootKey, serverURL: unkey.url });
};

/** Whether the key was not revoked since the last run. When Unkey does not say, it is taken to be there. */
const isThere = async (dependencies: Dependencies, keyId: string): Promise<boolean> => {
  try {
    await (await unkeyOf(dependencies)).keys.getKey({ keyId });
    return true;
  } catch (error) {
    return !(error instanceof Error && "statusCode" in error && error.statusCode === 404);
  }
};

/** A request of the dashboard's own origin. @throws Error that names the status of a refusal */
const post = async (url: string, body: object, cookie = ""): Promise<Response> => {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", "sec-fetch-site": "same-origin", cookie },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${new URL(url).pathname} answered ${response.status}`);
  return response;
};

const createdSchema = z.object({ data: z.object({ key: z.string(), keyId: z.string() }) });

/** Makes the key as a user of the dashboard does, so that Keys and Usage list it. */
const keyOfGateway = async (url: string, login: Login): Promise<NewKey> => {
  const signedIn = await post(`${url}/api/auth/sign-in`, login);
  const cookie = signedIn.headers
    .getSetCookie()
    .map((each) => each.split(";", 1)[0])
    .join("; ");
  const created = await post(`${url}/api/v1/keys`, { name: keyName, rateLimit: demoRateLimit }, cookie);
  const { data } = createdSchema.parse(await created.json());
  return { apiKey: data.key, keyId: data.keyId };
};

const keyOfUnkey = async (dependencies: Dependencies, userId: string): Promise<NewKey> => {
  const { keys } = await unkeyOf(dependencies);
  const { data } = await keys.createKey({
    apiId: dependencies.unkey.apiId,
    prefix: "ck",
    name: keyName,
    externalId: userId,
    ratelimits: [{ name: "requests", limit: demoRateLimit, duration: minuteMs, autoApply: true }],
  });
  return { apiKey: data.key, keyId: data.keyId };
};

/**
 * The demo account of a data folder, made on the first run and kept for the later ones. A key that was revoked since is
 * replaced. Where nobody can sign in, such as with a Supabase project from outside, the key is made in Unkey only.
 */
export const demoAccount = async ({
  dataDir,
  dependencies,
  url,
  onFault,
}: DemoAccountOptions): Promise<DemoAccount> => {
  const file = join(dataDir, "demo-account.json");
  const known = await readAccount(file);
  if (known !== undefined && (await isThere(dependencies, known.keyId))) return known;
  const login = { email, password: known?.password ?? `demo-${randomBytes(9).toString("base64url")}` };
  const { addUser } = dependencies.supabase;
  const userId = known?.userId ?? (await addUser?.(login.email, login.password)) ?? "demo-user";
  const key =
    addUser === undefined
      ? await keyOfUnkey(dependencies, userId)
      : await keyOfGateway(url, login).catch((error: unknown) => {
          const reason = error instanceof Error ? error.message : String(error);
          onFault(`The demo key is not listed in the dashboard: ${reason}.`);
          return keyOfUnkey(dependencies, userId);
        });
  const account: DemoAccount = { userId, ...login, ...key };
  replaceFile(file, JSON.stringify(account, null, 2));
  return account;
};
