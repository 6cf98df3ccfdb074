// `audatec agents`, `trunks`, `suppressions`, `keys`

import type { Schemas } from "@audatec/client";
import type { Command } from "commander";
import { EXIT } from "../exit.ts";
import { fields, type Output, table } from "../output.ts";
import { readText } from "../settings.ts";
import { agents, chooseTrunk, pageOf, take, trunks } from "../verbs.ts";
import { said, type Session, wholeNumber, withSession } from "./shared.ts";

export function addLists(program: Command): void {
  const agentList = program.command("agents").description("the agents, and the metadata that each needs");
  agentList
    .command("list", { isDefault: true })
    .description("active agents")
    .action(
      withSession(async ({ audatec, out }) => {
        const all = await agents(audatec);
        out.result(all, () =>
          table(
            ["AGENT", "NAME", "CODE", "NEEDS"],
            all.map((one) => [one.id, one.name, one.agent_code, one.input_schema.fields]),
          ),
        );
      }),
    );
  const lines = program.command("trunks").description("the trunks that calls go out through");
  lines
    .command("list", { isDefault: true })
    .description("trunks with their limits")
    .action(
      withSession(async ({ audatec, out }) => {
        const all = await trunks(audatec);
        out.result(all, () =>
          table(
            ["TRUNK", "NAME", "NUMBER", "CHANNELS", "CPS"],
            all.map((one) => [one.id, one.name, one.trunk_phone, one.max_channels, one.max_cps]),
          ),
        );
      }),
    );
  lines
    .command("live")
    .description("the calls that hold its channels")
    .argument("[trunk-id]", "the only active trunk if there is one")
    .action(withSession(live));
  addSuppressions(program);
  addKeys(program);
}

async function live(session: Session<object>, id?: string): Promise<void> {
  const { audatec, out } = session;
  const params = { path: { id: await chooseTrunk(session, id) } };
  const now = await audatec.ask(audatec.api.GET("/integration/v1/sip-trunks/{id}/live", { params }));
  out.result(now, () => [
    `${now.in_use} of ${now.max_channels} channels in use, ${now.waiting} calls wait`,
    ...now.agent_breakers.map(({ agent_id, retry_at }) => `agent ${agent_id} is held back until ${retry_at}`),
    ...(now.calls.length > 0
      ? table(
          ["CALL", "STATUS", "NUMBER", "SINCE"],
          now.calls.map((call) => [call.call_id, call.call_status, call.phone_number, call.since]),
        )
      : []),
  ]);
}

function addSuppressions(program: Command): void {
  const numbers = program.command("suppressions").description("numbers that must not be called");
  numbers
    .command("list", { isDefault: true })
    .description("newest first")
    .option("--phone-number <number>", "only this one")
    .option("--limit <count>", "the maximum number", wholeNumber, 50)
    .action(
      withSession<{ phoneNumber?: string; limit: number }>(async ({ audatec, options, out }) => {
        const query = said({ limit: pageOf(options.limit), phone_number: options.phoneNumber });
        const all = await take(audatec.list("/integration/v1/suppressions", { query }), options.limit);
        out.result(all, () =>
          table(
            ["NUMBER", "SOURCE", "REASON", "UNTIL", "CREATED"],
            all.map((one) => [one.phone_number, one.source, one.reason, one.expires_at, one.created_at]),
          ),
        );
      }),
    );
  numbers
    .command("add")
    .description("once it succeeds, that number's phone no longer rings")
    .argument("<phone-number>")
    .option("--reason <text>")
    .option("--expires-at <time>", "ISO 8601 with its offset")
    .action(
      withSession<{ reason?: string; expiresAt?: string }>(async ({ audatec, options, out }, phoneNumber = "") => {
        const body = said({ phone_number: phoneNumber, reason: options.reason, expires_at: options.expiresAt });
        out.result(...shown(await audatec.ask(audatec.api.POST("/integration/v1/suppressions", { body }))));
      }),
    );
  numbers
    .command("remove")
    .description("it may be called again")
    .argument("<phone-number>")
    .action(
      withSession(async ({ audatec, out }, phoneNumber = "") => {
        const params = { path: { phone_number: phoneNumber } };
        await audatec.ask(audatec.api.DELETE("/integration/v1/suppressions/{phone_number}", { params }));
        out.result({ phone_number: phoneNumber, removed: true }, () => `${phoneNumber} may be called again`);
      }),
    );
  numbers
    .command("import")
    .description("a CSV file with a header line, or NDJSON: at most 4 MiB and 50,000 rows. Exit code 1 if rows were rejected")
    .argument("<file>", "- reads standard input")
    .action(withSession(importNumbers));
}

async function importNumbers({ audatec, out }: Session<object>, file = ""): Promise<number> {
  const contentType = /\.(ndjson|jsonl)$/i.test(file) ? "application/x-ndjson" : "text/csv";
  const asked = audatec.api.POST("/integration/v1/suppressions/import", {
    body: readText(file) as never,
    bodySerializer: (body: unknown) => body as string,
    headers: { "content-type": contentType },
  });
  const done = await audatec.ask<Schemas["SuppressionImport"]>(asked);
  out.result(done, () => [
    `${done.added} added, ${done.updated} updated, ${done.rejected.length} rejected`,
    ...done.rejected.map(({ row, error }) => `row ${row}: ${error}`),
  ]);
  return done.rejected.length > 0 ? EXIT.failed : 0;
}

function addKeys(program: Command): void {
  const keys = program.command("keys").description("API keys (owner)");
  keys
    .command("list", { isDefault: true })
    .description("by their first characters")
    .option("--limit <count>", "the maximum number", wholeNumber, 50)
    .action(
      withSession<{ limit: number }>(async ({ audatec, options, out }) => {
        const all = await take(audatec.list("/integration/v1/api-keys", { query: { limit: pageOf(options.limit) } }), options.limit);
        out.result(all, () =>
          table(
            ["KEY", "NAME", "ROLE", "BEGINS", "LAST USED", "EXPIRES"],
            all.map((one) => [one.id, one.name, one.role, one.prefix, one.last_used_at, one.expires_at]),
          ),
        );
      }),
    );
  keys
    .command("create")
    .description("create one; it is shown only this once")
    .requiredOption("--name <text>")
    .requiredOption("--role <role>", "viewer, member, admin or owner")
    .option("--expires-at <time>", "ISO 8601 with its offset")
    .action(
      withSession<{ name: string; role: Schemas["Role"]; expiresAt?: string }>(async ({ audatec, options, out }) => {
        const body = said({ name: options.name, role: options.role, expires_at: options.expiresAt });
        out.result(...shown(await audatec.ask(audatec.api.POST("/integration/v1/api-keys", { body }))));
      }),
    );
  keys
    .command("revoke")
    .description("once it succeeds, the key starts no call")
    .argument("<key-id>")
    .action(
      withSession(async ({ audatec, out }, id = "") => {
        await audatec.ask(audatec.api.DELETE("/integration/v1/api-keys/{id}", { params: { path: { id } } }));
        out.result({ id, revoked: true }, () => `key ${id} is revoked`);
      }),
    );
}

const shown = (thing: object): Parameters<Output["result"]> => [thing, () => fields(thing as Record<string, unknown>)];
