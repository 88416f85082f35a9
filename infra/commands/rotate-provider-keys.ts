import { readFlags } from "#infra/flags.ts";
import { runCommand, useOperatorEnvironment } from "./operator-environment.ts";

/** `npm run operator -- rotate-provider-keys`: re-encrypts every stored data key under the current KMS key; restartable. */
const { values } = readFlags(
  {
    usage: "npm run operator -- rotate-provider-keys [--local]",
    flags: { "--local": "work on the data of a running npm start" },
  },
  { options: { local: { type: "boolean", default: false } } },
);

await runCommand(async () => {
  useOperatorEnvironment(values.local);
  const { rotateProviderKeys } = await import("#core/provider-keys/rotate.ts");
  return rotateProviderKeys();
});
