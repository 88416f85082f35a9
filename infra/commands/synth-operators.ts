import { writeFile } from "node:fs/promises";
import { operatorsTemplateFile, synthOperators } from "#infra/operators/synth.ts";

/** `npm run operator -- synth-operators`: writes the operators' template, which is committed and which SST deploys. */
if (import.meta.main) {
  const template = synthOperators();
  await writeFile(operatorsTemplateFile, template);
  console.log(`infra/operators/template.json: ${Buffer.byteLength(template)} bytes`);
}
