import { writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { type OperatorsTemplate, operatorsTemplateFiles, synthOperators } from "#infra/operators/synth.ts";

/** `npm run operator -- synth-operators`: writes the operators' templates, which are committed and which SST deploys. */
if (import.meta.main) {
  const templates = synthOperators();
  for (const name of Object.keys(templates) as OperatorsTemplate[]) {
    await writeFile(operatorsTemplateFiles[name], templates[name]);
    console.log(
      `infra/operators/${basename(operatorsTemplateFiles[name])}: ${Buffer.byteLength(templates[name])} bytes`,
    );
  }
}
