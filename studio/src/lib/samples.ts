// The request that a form makes, for a terminal and in two languages. The key stays a placeholder: Studio has none.

export interface Sample {
  name: string;
  code: string;
}

/** Stands in a body for a value that Studio does not have or must not show: each sample reads it from the environment. */
export const fromEnvironment = (name: string): string => MARK + name;
const MARK = "\ue000"; // of the private use area: nobody types it
const FROM_ENVIRONMENT = new RegExp(`"${MARK}(\\w+)"`, "g");

/** A JSON text with an expression in place of each value from the environment. */
const filled = (json: string, expression: (name: string) => string): string =>
  json.replace(FROM_ENVIRONMENT, (_, name: string) => expression(name));

export function samples(method: string, path: string, body?: unknown): Sample[] {
  const url = location.origin + path;
  return [
    { name: "curl", code: curl(method, url, body) },
    { name: "Node", code: node(method, url, body) },
    { name: "Python", code: python(method, url, body) },
  ];
}

function curl(method: string, url: string, body: unknown): string {
  const lines = [`curl ${method === "GET" ? "" : `-X ${method} `}${url}`, `  -H "Authorization: Bearer $API_KEY"`];
  if (body !== undefined) {
    lines.push(`  -H "Content-Type: application/json"`);
    const json = JSON.stringify(body, null, 2).replaceAll("'", "'\\''").replaceAll("\n", "\n  ");
    lines.push(`  -d '${filled(json, (name) => `"'"$${name}"'"`)}'`);
  }
  return lines.join(" \\\n");
}

function node(method: string, url: string, body: unknown): string {
  const options = [`  method: "${method}",`, "  headers: {", "    Authorization: `Bearer ${process.env.API_KEY}`,"];
  if (body !== undefined) options.push(`    "Content-Type": "application/json",`);
  options.push("  },");
  if (body !== undefined) {
    const json = JSON.stringify(body, null, 2).replaceAll("\n", "\n  ");
    options.push(`  body: JSON.stringify(${filled(json, (name) => `process.env.${name}`)}),`);
  }
  return [`const response = await fetch("${url}", {`, ...options, "});", "console.log(await response.json());"].join("\n");
}

function python(method: string, url: string, body: unknown): string {
  const lines = ["import os, requests", "", `response = requests.${method.toLowerCase()}(`, `    "${url}",`];
  lines.push(`    headers={"Authorization": f"Bearer {os.environ['API_KEY']}"},`);
  if (body !== undefined) lines.push(`    json=${literal(body, 4)},`);
  return [...lines, ")", "print(response.json())"].join("\n");
}

/** A value as a Python literal. */
function literal(value: unknown, indent: number): string {
  const pad = " ".repeat(indent + 4);
  const end = " ".repeat(indent);
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) return `[${value.map((item) => literal(item, indent)).join(", ")}]`;
  if (typeof value === "object") {
    const entries = Object.entries(value);
    if (entries.length === 0) return "{}";
    const lines = entries.map(([name, item]) => `${pad}${JSON.stringify(name)}: ${literal(item, indent + 4)},`);
    return `{\n${lines.join("\n")}\n${end}}`;
  }
  return filled(JSON.stringify(value), (name) => `os.environ["${name}"]`);
}
