import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import * as z from "zod";

/** `npm start` of another checkout, driven from outside: nothing of that checkout is imported. */

const readySchema = z.object({
  url: z.string(),
  apiKey: z.string(),
  user: z.object({ email: z.string(), password: z.string() }),
  local: z.object({
    userId: z.string(),
    keyId: z.string(),
    dynamoDbEndpoint: z.string(),
    tableNames: z.record(z.string(), z.string()),
    supabase: z.object({ url: z.string(), anonKey: z.string(), serviceRoleKey: z.string() }),
  }),
});

export type Ready = z.infer<typeof readySchema>;

const startedLine = "Concurred is running";
const run = promisify(execFile);

export interface OldGatewayOptions {
  /** Folder of the checkout, with its dependencies installed. */
  readonly checkout: string;
  readonly dataDir: string;
  readonly env: Readonly<Record<string, string>>;
}

/** A reply with its body as bytes. */
export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Buffer;
}

export interface Sent {
  readonly method: string;
  /** From the server's root, such as `/api/v1/usage`. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export class OldGateway {
  readonly ready: Ready;
  readonly #child: ChildProcess;
  readonly #options: OldGatewayOptions;

  private constructor(child: ChildProcess, ready: Ready, options: OldGatewayOptions) {
    this.#child = child;
    this.ready = ready;
    this.#options = options;
  }

  /** Starts the gateway on a data folder. @throws Error with its output when it does not come up */
  static async start(options: OldGatewayOptions): Promise<OldGateway> {
    const { checkout, dataDir, env } = options;
    const child = spawn(process.execPath, ["infra/local/start.ts"], {
      cwd: checkout,
      env: { PATH: process.env.PATH, HOME: process.env.HOME, PORT: "0", LOCAL_DATA_DIR: dataDir, ...env },
      stdio: ["ignore", "pipe", "inherit"],
    });
    // A recording that fails must not leave it behind.
    process.once("exit", () => child.kill("SIGKILL"));
    let output = "";
    await new Promise<void>((resolve, reject) => {
      child.stdout?.setEncoding("utf8").on("data", (text: string) => {
        output += text;
        if (output.includes(startedLine)) resolve();
      });
      child.once("close", () => reject(new Error(`The gateway did not start: ${output}`)));
    });
    const ready = readySchema.parse(JSON.parse(await readFile(join(dataDir, "ready.json"), "utf8")));
    return new OldGateway(child, ready, options);
  }

  /** Sends one request and reads its answer to the end. */
  async send({ method, path, headers = {}, body }: Sent): Promise<Reply> {
    const response = await this.open({ method, path, headers, body });
    return { status: response.status, headers: response.headers, body: Buffer.from(await response.arrayBuffer()) };
  }

  /** Sends one request and leaves its body to be read. */
  open({ method, path, headers = {}, body }: Sent): Promise<Response> {
    return fetch(`${this.ready.url}${path}`, {
      method,
      headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }

  /** A confirmed user who can sign in. Resolves to their id. */
  async addUser(account: { readonly email: string; readonly password: string }): Promise<string> {
    const { url, anonKey, serviceRoleKey } = this.ready.local.supabase;
    const response = await fetch(`${url}/auth/v1/admin/users`, {
      method: "POST",
      headers: { "content-type": "application/json", apikey: anonKey, authorization: `Bearer ${serviceRoleKey}` },
      body: JSON.stringify({ ...account, email_confirm: true }),
    });
    return z.object({ id: z.string() }).parse(await response.json()).id;
  }

  async #operatorEnvironment(): Promise<Record<string, string>> {
    const text = await readFile(join(this.#options.dataDir, "operator-environment.json"), "utf8");
    return z.record(z.string(), z.string()).parse(JSON.parse(text));
  }

  /** Adds a prompt to the stand-in of Langfuse. */
  async addPrompt(prompt: object): Promise<void> {
    const { LANGFUSE_BASE_URL: url = "" } = await this.#operatorEnvironment();
    const credentials = Buffer.from("pk-lf-local:sk-lf-local").toString("base64");
    const { ok, status } = await fetch(`${url}/api/public/v2/prompts`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Basic ${credentials}` },
      body: JSON.stringify(prompt),
    });
    if (!ok) throw new Error(`The prompt was not added: ${status}`);
  }

  /** Runs one of the checkout's operator commands on the data folder. `changes` replace parts of its environment. */
  async operate(
    command: string,
    parameters: readonly string[] = [],
    changes: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    const { checkout, dataDir } = this.#options;
    const folder = join(dataDir, "operator");
    await mkdir(folder, { recursive: true });
    await writeFile(
      join(folder, "operator-environment.json"),
      JSON.stringify({ ...(await this.#operatorEnvironment()), ...changes }),
    );
    await run(process.execPath, [`infra/commands/${command}.ts`, ...parameters, "--local"], {
      cwd: checkout,
      env: { PATH: process.env.PATH, LOCAL_DATA_DIR: folder },
    });
  }

  /** Kills it as a power cut would: whatever is open stays open. */
  async kill(): Promise<void> {
    const closed = once(this.#child, "close");
    this.#child.kill("SIGKILL");
    await closed;
  }
}

/** The dashboard in a browser: keeps cookies and names its origin. */
export class Dashboard {
  readonly #gateway: OldGateway;
  readonly #cookies = new Map<string, string>();

  constructor(gateway: OldGateway) {
    this.#gateway = gateway;
  }

  /** `data` of the answer. @throws Error for a refusal */
  async send(method: string, path: string, body?: unknown): Promise<unknown> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const {
      status,
      headers,
      body: bytes,
    } = await this.#gateway.send({
      method,
      path,
      headers: { origin: this.#gateway.ready.url, ...(cookie === "" ? {} : { cookie }) },
      body,
    });
    if (status >= 300) throw new Error(`${method} ${path}: ${status} ${bytes.toString()}`);
    for (const set of headers.getSetCookie()) {
      const [pair = ""] = set.split(";");
      this.#cookies.set(pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1));
    }
    return bytes.length === 0 ? undefined : z.object({ data: z.unknown() }).parse(JSON.parse(bytes.toString())).data;
  }

  async signIn(account: { readonly email: string; readonly password: string }): Promise<this> {
    await this.send("POST", "/api/auth/sign-in", account);
    return this;
  }
}
