// `audatec campaigns …`

import { createWriteStream } from "node:fs";
import { Writable } from "node:stream";
import { ApiError, type Campaign, type CreateCampaign } from "@audatec/client";
import type { Command } from "commander";
import { confirm } from "../confirm.ts";
import { EXIT, usage } from "../exit.ts";
import { fields, type Output, printable, table } from "../output.ts";
import type { RowFormat } from "../rows.ts";
import { readText } from "../settings.ts";
import {
  chooseAgent,
  chooseTrunk,
  createCampaign,
  getCampaign,
  moveCampaign,
  pageOf,
  namesSimulatorOnly,
  ringsSimulatorOnly,
  take,
  upload,
  watchCampaign,
} from "../verbs.ts";
import { endedAs, json, persisting, said, type Session, seconds, wholeNumber, withSession } from "./shared.ts";

interface CreateOptions {
  name: string;
  agent?: string;
  trunk?: string;
  callbackUrl?: string;
  completionUrl?: string;
  notBefore?: string;
  notAfter?: string;
  callingHours?: CreateCampaign["calling_hours"];
  redial?: CreateCampaign["redial"];
  maxChannels?: number;
  maxCps?: number;
}

export function addCampaigns(program: Command): void {
  const campaigns = program.command("campaigns").description("call lists of people");
  campaigns
    .command("create")
    .description("create a draft; the other commands take its id")
    .requiredOption("--name <text>")
    .option("--agent <id>", "the agent that talks; the only active one by default")
    .option("--trunk <id>", "the trunk its calls go out through; the only active one by default")
    .option("--callback-url <url>", "where the result of each call is POSTed")
    .option("--completion-url <url>", "where the end of the campaign is POSTed")
    .option("--not-before <time>", "ISO 8601 with its offset")
    .option("--not-after <time>", "ISO 8601 with its offset")
    .option("--calling-hours <json>", "when phones may ring", json)
    .option("--redial <json>", 'as {"max_attempts": 3, "on": ["busy"], "wait_seconds": [600]}', json)
    .option("--max-channels <count>", "its share of the trunk's channels", wholeNumber)
    .option("--max-cps <count>", "its share of the trunk's dials a second", wholeNumber)
    .action(withSession<CreateOptions>(create));
  campaigns
    .command("upload")
    .description(
      "add the people in a file of any length; sending it again adds nobody twice; asks first if they will be called at once. Exit code 1 if rows were rejected",
    )
    .argument("<campaign-id>")
    .argument("<file>", "CSV with a header line, or NDJSON; - reads standard input")
    .option("--format <csv|ndjson>", "by the file's name if not given")
    .action(withSession<{ format?: string }>(uploadFile));
  campaigns
    .command("start")
    .description("start or resume it; asks first, unless only the simulator's numbers are called")
    .argument("<campaign-id>")
    .action(withSession(start));
  for (const to of ["pause", "cancel"] as const) {
    campaigns
      .command(to)
      .description(to === "pause" ? "pause it: no further phone rings; open calls go on" : "end it for good")
      .argument("<campaign-id>")
      .action(withSession(async ({ audatec, out }, id = "") => out.result(...shown(await moveCampaign(audatec, id, to)))));
  }
  campaigns
    .command("get")
    .description("its settings and progress")
    .argument("<campaign-id>")
    .action(withSession(async ({ audatec, out }, id = "") => out.result(...shown(await getCampaign(audatec, id)))));
  campaigns
    .command("list")
    .description("campaigns, newest first")
    .option("--limit <count>", "the maximum number", wholeNumber, 50)
    .action(withSession<{ limit: number }>(list));
  campaigns
    .command("watch")
    .description("its progress, until it is over; exit code 3 if it was cancelled")
    .argument("<campaign-id>")
    .option("--interval <seconds>", "between two checks", seconds, 2)
    .option("--timeout <seconds>", "gives up then, with exit code 1", seconds)
    .action(withSession<{ interval: number; timeout?: number }>(watch));
  campaigns
    .command("results")
    .description("the result of each recipient: CSV, or with --json one line of JSON each")
    .argument("<campaign-id>")
    .option("-o, --output <file>", "instead of printing it")
    .action(withSession<{ output?: string }>(results));
}

async function create(session: Session<CreateOptions>): Promise<void> {
  const { audatec, options, out } = session;
  const campaign = await createCampaign(
    audatec,
    said({
      name: options.name,
      agent_id: await chooseAgent(session, options.agent),
      sip_trunk_id: await chooseTrunk(session, options.trunk),
      callback_url: options.callbackUrl,
      completion_url: options.completionUrl,
      not_before: options.notBefore,
      not_after: options.notAfter,
      calling_hours: options.callingHours,
      redial: options.redial,
      max_channels: options.maxChannels,
      max_cps: options.maxCps,
    }),
  );
  out.result(...shown(campaign));
}

async function uploadFile({ audatec, options, out }: Session<{ format?: string }>, id = "", file = ""): Promise<number> {
  const format = formatOf(file, options.format);
  const text = readText(file);
  if (!options.yes && !namesSimulatorOnly(text)) {
    const { name, status } = await getCampaign(audatec, id);
    if (status === "running") await confirm(`"${printable(name)}" is running: call the people of ${file}?`, false);
  }
  const added = await upload(audatec, id, text, format);
  out.result(added, () => [
    `${added.added} added, ${added.duplicates} already there, ${added.rejected.length} rejected`,
    ...added.rejected.map(({ row, reference, error }) => `row ${row} (${printable(reference ?? "-")}): ${error}`),
  ]);
  return added.rejected.length > 0 ? EXIT.failed : 0;
}

function formatOf(file: string, named: string | undefined): RowFormat {
  const name = named ?? (/\.(ndjson|jsonl)$/i.test(file) ? "ndjson" : "csv");
  if (name === "csv") return "text/csv";
  if (name === "ndjson") return "application/x-ndjson";
  throw usage(`--format must be csv or ndjson, not ${name}`);
}

async function start({ audatec, options, out }: Session<object>, id = ""): Promise<void> {
  const campaign = await getCampaign(audatec, id);
  const open = campaign.counts.pending + campaign.counts.waiting;
  if (!options.yes && !(await ringsSimulatorOnly(audatec, campaign)))
    await confirm(`Call the ${open} people of "${printable(campaign.name)}"?`, false);
  out.result(...shown(await moveCampaign(audatec, id, "start")));
}

async function list({ audatec, options, out }: Session<{ limit: number }>): Promise<void> {
  const all = await take(audatec.list("/integration/v1/campaigns", { query: { limit: pageOf(options.limit) } }), options.limit);
  out.result(all, () =>
    table(
      ["CAMPAIGN", "NAME", "STATUS", "DONE", "TOTAL"],
      all.map((one) => [one.id, one.name, one.status, done(one), one.counts.total]),
    ),
  );
}

async function watch({ audatec, options, out }: Session<{ interval: number; timeout?: number }>, id = ""): Promise<number> {
  let last: Campaign | undefined;
  const timeoutMs = options.timeout === undefined ? undefined : options.timeout * 1000;
  const persist = persisting(out, timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs));
  for await (const campaign of watchCampaign(audatec, id, options.interval * 1000, persist, timeoutMs)) {
    last = campaign;
    out.result(campaign, () => progress(campaign));
  }
  return endedAs(last?.status === "completed");
}

async function results({ audatec, options, out }: Session<{ output?: string }>, id = ""): Promise<void> {
  const to = options.output === undefined ? process.stdout : createWriteStream(options.output);
  const write = (text: string) => new Promise<void>((resolve, reject) => to.write(text, (error) => (error ? reject(error) : resolve())));
  if (out.isJson) {
    for await (const recipient of audatec.list("/integration/v1/campaigns/{id}/recipients", { path: { id } }))
      await write(`${JSON.stringify(recipient)}\n`);
  } else {
    const asked = audatec.api.GET("/integration/v1/campaigns/{id}/results.csv", { params: { path: { id } }, parseAs: "stream" });
    const { data, error, response } = await asked;
    if (!response.ok || !data) throw new ApiError(response, error);
    await data.pipeTo(Writable.toWeb(to) as WritableStream<Uint8Array>, { preventClose: true });
  }
  if (to !== process.stdout) await new Promise<void>((resolve) => to.end(resolve));
}

const done = ({ counts }: Campaign): number => counts.total - counts.pending - counts.waiting - counts.in_progress;

function progress(campaign: Campaign): string {
  const { counts } = campaign;
  const others = Object.entries(counts).filter(([name, count]) => name !== "total" && count > 0);
  const held = campaign.held_by ? `, held by ${campaign.held_by}` : "";
  return `${campaign.status}${held}: ${done(campaign)} of ${counts.total} (${others.map(([name, count]) => `${count} ${name}`).join(", ")})`;
}

function shown(campaign: Campaign): Parameters<Output["result"]> {
  return [
    campaign,
    () => fields({ id: campaign.id, name: campaign.name, progress: progress(campaign), projected_end_at: campaign.projected_end_at }),
  ];
}
