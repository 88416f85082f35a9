import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { parse } from "yaml";
import { contract } from "#tests/support/contracts.ts";

type Misfits = (body: unknown) => readonly string[];

interface Part {
  unevaluatedProperties?: boolean;
}

interface Specification {
  readonly paths: Readonly<Record<string, { readonly post: { readonly requestBody: { readonly content: Contents } } }>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, Part>>;
    readonly responses: Readonly<Record<string, { readonly content: Contents }>>;
  };
}
type Contents = Readonly<Record<"application/json", { readonly schema: Part }>>;

const load = (path: string): { readonly request: Misfits; readonly response: Misfits } => {
  const specification = parse(readFileSync(path, "utf8")) as Specification;
  const { schemas, responses } = specification.components;
  const request = specification.paths["/search"]?.post.requestBody.content["application/json"].schema;
  const response = responses.SearchResponse?.content["application/json"].schema;
  // The document leaves its objects open. A field that it does not know is a misfit all the same.
  for (const part of [request, response, schemas.ResultWithContent, schemas.CostDollars]) {
    if (part === undefined) throw new Error("Exa's specification has another structure than expected");
    part.unevaluatedProperties = false;
  }
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  ajv.addSchema({ $id: "exa", ...specification });
  const misfits = (pointer: string): Misfits => {
    const validate = ajv.compile({ $ref: `exa#${pointer}/content/application~1json/schema` });
    return (body) =>
      validate(body) ? [] : (validate.errors ?? []).map((each) => `${each.instancePath} ${each.message}`);
  };
  return {
    request: misfits("/paths/~1search/post/requestBody"),
    response: misfits("/components/responses/SearchResponse"),
  };
};

const file = contract("exa-openapi.yaml");

/** What Exa's own document says of POST /search, or undefined where it is not at hand. */
export const exaSearch = file === undefined ? undefined : load(file);
