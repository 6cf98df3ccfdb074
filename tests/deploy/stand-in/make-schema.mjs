#!/usr/bin/env node
// `node tests/deploy/stand-in/make-schema.mjs FOLDER`: writes schema.json, what Cloudflare publishes about the requests that a
// deployment makes. FOLDER must have the npm packages cloudflare (the official client, whose types are generated from
// Cloudflare's own OpenAPI document) and ts-json-schema-generator: `npm install --prefix FOLDER cloudflare@7.3.0
// ts-json-schema-generator@2.10.0`.

// @ts-nocheck: its packages are in FOLDER
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";

const folder = resolve(process.argv[2] ?? ".");
const require = createRequire(join(folder, "package.json"));
const { createGenerator } = require("ts-json-schema-generator");
const { version } = JSON.parse(readFileSync(join(folder, "node_modules/cloudflare/package.json"), "utf8"));

/** Method, path, the file of the client, the type of its parameters and that of one `result` (`[]`: of each of them). */
const OPERATIONS = [
  ["GET", "/accounts", "accounts/accounts", "AccountListParams", "Account[]"],
  ["GET", "/accounts/{account_id}/storage/kv/namespaces", "kv/namespaces/namespaces", "NamespaceListParams", "Namespace[]"],
  ["POST", "/accounts/{account_id}/storage/kv/namespaces", "kv/namespaces/namespaces", "NamespaceCreateParams", "Namespace"],
  ["GET", "/accounts/{account_id}/queues", "queues/queues", "QueueListParams", "Queue[]"],
  ["POST", "/accounts/{account_id}/queues", "queues/queues", "QueueCreateParams", "Queue"],
  ["GET", "/accounts/{account_id}/queues/{queueID}/consumers", "queues/consumers", "ConsumerListParams", "Consumer[]"],
  ["POST", "/accounts/{account_id}/queues/{queueID}/consumers", "queues/consumers", "ConsumerCreateParams", "Consumer"],
  ["PUT", "/accounts/{account_id}/queues/{queue_id}/consumers/{consumerID}", "queues/consumers", "ConsumerUpdateParams", "Consumer"],
  ["GET", "/accounts/{account_id}/r2/buckets/{bucketName}", "r2/buckets/buckets", "BucketGetParams", "Bucket"],
  ["POST", "/accounts/{account_id}/r2/buckets", "r2/buckets/buckets", "BucketCreateParams", "Bucket"],
  ["GET", "/accounts/{account_id}/workers/subdomain", "workers/subdomains", "SubdomainGetParams", "SubdomainGetResponse"],
  ["PUT", "/accounts/{account_id}/workers/subdomain", "workers/subdomains", "SubdomainUpdateParams", "SubdomainUpdateResponse"],
  ["GET", "/accounts/{account_id}/workers/scripts/{scriptName}/secrets", "workers/scripts/secrets", "SecretListParams", "SecretListResponse[]"],
  ["DELETE", "/accounts/{account_id}/workers/scripts/{script_name}/secrets/{secretName}", "workers/scripts/secrets", "SecretDeleteParams", null],
  ["GET", "/accounts/{account_id}/workers/scripts/{scriptName}/settings", "workers/scripts/script-and-version-settings", "ScriptAndVersionSettingGetParams", "ScriptAndVersionSettingGetResponse"],
  ["PATCH", "/accounts/{account_id}/workers/scripts/{scriptName}/script-settings", "workers/scripts/settings", "SettingEditParams", null],
  ["PUT", "/accounts/{account_id}/workers/scripts/{scriptName}", "workers/scripts/scripts", "ScriptUpdateParams", "ScriptUpdateResponse"],
  ["GET", "/accounts/{account_id}/workers/scripts/{scriptName}/deployments", "workers/scripts/deployments", "DeploymentListParams", "DeploymentListResponse"],
  ["POST", "/accounts/{account_id}/workers/scripts/{scriptName}/deployments", "workers/scripts/deployments", "DeploymentCreateParams", "Deployment"],
  ["GET", "/accounts/{account_id}/workers/scripts/{scriptName}/versions", "workers/scripts/versions", "VersionListParams", null],
  ["POST", "/accounts/{account_id}/workers/scripts/{scriptName}/versions", "workers/scripts/versions", "VersionCreateParams", "VersionCreateResponse"],
  ["GET", "/accounts/{account_id}/workers/scripts/{script_name}/versions/{versionID}", "workers/scripts/versions", "VersionGetParams", null],
  ["PUT", "/accounts/{account_id}/workers/scripts/{scriptName}/schedules", "workers/scripts/schedules", "ScheduleUpdateParams", "ScheduleUpdateResponse"],
  ["GET", "/accounts/{account_id}/workers/scripts/{scriptName}/subdomain", "workers/scripts/subdomain", "SubdomainGetParams", "SubdomainGetResponse"],
  ["POST", "/accounts/{account_id}/workers/scripts/{scriptName}/subdomain", "workers/scripts/subdomain", "SubdomainCreateParams", "SubdomainCreateResponse"],
  ["POST", "/accounts/{account_id}/workers/scripts/{scriptName}/assets-upload-session", "workers/scripts/assets/upload", "UploadCreateParams", "UploadCreateResponse"],
  ["POST", "/accounts/{account_id}/workers/assets/upload", "workers/assets/upload", "UploadCreateParams", "UploadCreateResponse"],
  ["GET", "/accounts/{account_id}/workers/workers/{workerID}", "workers/beta/workers/workers", "WorkerGetParams", null],
];

/** Draft 7 with nothing that only people read. */
function lean(value) {
  if (Array.isArray(value)) return value.map(lean);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).filter(([key, of]) => key !== "description" || typeof of !== "string").map(([key, of]) => [key, lean(of)]));
}

/** Of what is asked, each name must be known; an answer may have more. */
function schemaOf(file, type, isAnswer = false) {
  const path = join(folder, "node_modules/cloudflare/resources", `${file}.d.ts`);
  const config = { path, type, tsconfig: undefined, skipTypeCheck: true, expose: "none", topRef: false, jsDoc: "extended", additionalProperties: isAnswer };
  return createGenerator(config).createSchema(type);
}

/** The client builds the path as the table says. */
function checkPath(method, template, file) {
  const source = readFileSync(join(folder, "node_modules/cloudflare/resources", `${file}.mjs`), "utf8");
  const built = template.replace(/\{(\w+)\}/g, "$${$1}");
  const verb = `\\.(${method.toLowerCase()}${method === "GET" ? "|getAPIList" : ""})`;
  const literal = built.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  if (!new RegExp(`${verb}\\((path *\`${literal}\`|'${literal}'|"${literal}")`).test(source)) throw new Error(`${file} has no ${method} ${template}`);
}

/** What of the parameters stands in the query, and what is the body: the types say so where both can be. */
function split(method, template, schema) {
  const variants = schema.anyOf ?? [schema];
  const query = {};
  const bodies = variants.map((one) => {
    const variant = one.$ref ? schema.definitions[decodeURIComponent(one.$ref.split("/").at(-1))] : one;
    const properties = {};
    for (const [name, of] of Object.entries(variant.properties ?? {})) {
      if (template.includes(`{${name}}`) || name === "files") continue;
      if (/^Query param/.test(of.description ?? "") || method === "GET") query[name] = lean(of);
      else properties[name] = lean(of);
    }
    if (properties.body) return properties.body;
    const required = (variant.required ?? []).filter((name) => name in properties);
    return { type: "object", properties, ...(required.length > 0 && { required }), additionalProperties: false };
  });
  const hasBody = method !== "GET" && method !== "DELETE";
  return { query, ...(hasBody && { body: bodies.length > 1 ? { anyOf: bodies } : bodies[0] }) };
}

const definitions = {};
function keep(prefix, schema) {
  const named = JSON.stringify(schema).replaceAll("#/definitions/", `#/definitions/${prefix}.`);
  const { definitions: own = {}, $schema, ...rest } = JSON.parse(named);
  for (const [name, of] of Object.entries(own)) definitions[`${prefix}.${name}`] = lean(of);
  return rest;
}

const operations = OPERATIONS.map(([method, path, file, params, result]) => {
  checkPath(method, path, file);
  const prefix = `${file.split("/").at(-1)}.${params}`;
  const parameters = schemaOf(file, params);
  const asked = split(method, path, parameters);
  const of = result && lean(keep(`${prefix}.result`, schemaOf(file, result.replace("[]", ""), true)));
  const schema = keep(prefix, { ...asked, definitions: parameters.definitions ?? {} });
  return { method, path, type: `${file}.d.ts ${params}`, ...schema, ...(result && { result: result.endsWith("[]") ? { type: "array", items: of } : of }) };
});
/** Only what is referred to. */
const used = new Set();
function follow(value) {
  for (const [, name] of JSON.stringify(value).matchAll(/"#\/definitions\/([^"]+)"/g)) {
    const plain = decodeURIComponent(name);
    if (used.has(plain)) continue;
    used.add(plain);
    follow(definitions[plain]);
  }
}
follow(operations);
const kept = Object.fromEntries(Object.entries(definitions).filter(([name]) => used.has(name)));
const source = `npm: cloudflare ${version}, types of Cloudflare's API; made by make-schema.mjs`;
const parts = operations.map((one) => `  ${JSON.stringify(one)}`).join(",\n");
const defined = Object.entries(kept).map(([name, of]) => `  ${JSON.stringify(name)}: ${JSON.stringify(of)}`).join(",\n");
const out = join(import.meta.dirname, "schema.json");
writeFileSync(out, `{"source": ${JSON.stringify(source)},\n"operations": [\n${parts}\n],\n"definitions": {\n${defined}\n}}\n`);
