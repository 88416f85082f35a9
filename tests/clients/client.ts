/** A client that is driven as its users have it. */

/** The running gateway, and a folder in which the client may do what it likes. */
export interface Place {
  readonly origin: string;
  readonly apiKey: string;
  /** Where the client's packages are installed. */
  readonly installed: string;
  /** Empty: the client's working folder. */
  readonly work: string;
  /** The client's own home. */
  readonly home: string;
}

export interface Command {
  readonly file: string;
  readonly arguments: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export interface Client {
  /** As the table shows it. */
  readonly name: string;
  /** Pinned versions of what is installed for it. */
  readonly packages: Readonly<Record<string, string>>;
  /** A script of a package that has to run after installation, since npm runs none here. */
  readonly afterInstall?: string;
  /** A file of tests/clients/scripts that runs inside the folder of packages. */
  readonly script?: string;
  /** Files of its configuration, by their paths in its home. */
  readonly files?: (place: Place) => Readonly<Record<string, string>>;
  readonly command: (place: Place, model: string) => Command;
  readonly models: readonly string[];
  /** A coding agent: it is asked to write a file and read it back. */
  readonly writesFile: boolean;
}

export const fileName = "hello.txt";
export const fileText = "Hello from Concurred";
export const task = `Write a file ${fileName} with the text "${fileText}", then read it.`;

/** A script of ours that uses an SDK and ends with 0 if all was well. */
export const sdkScript = (
  name: string,
  script: string,
  packages: Client["packages"],
  models: readonly string[],
): Client => ({
  name,
  packages,
  script,
  models,
  writesFile: false,
  command: ({ origin, apiKey, installed }, model) => ({
    file: process.execPath,
    arguments: [`${installed}/${script}`],
    env: { ORIGIN: origin, API_KEY: apiKey, MODEL: model },
  }),
});
