// Contact limits: how often a number may be called, for an organisation or an agent.

import type { Schemas } from "../lib/api.ts";
import { useRefused } from "../lib/refused.ts";
import { Button } from "./button.tsx";
import { SelectField, TextField } from "./field.tsx";

type Limit = Schemas["ContactLimit"];

const PERIODS = ["hour", "day", "week"] as const;

export interface LimitRow {
  kind: (typeof PERIODS)[number] | "gap";
  number: string;
}

const MOST = 5;

/** Limits as the form shows them. */
export const limitsFormOf = (limits: Limit[] | undefined): LimitRow[] =>
  (limits ?? []).map(({ max_dials, per, min_gap_seconds }) => ({
    kind: PERIODS.find((period) => period === per) ?? "gap",
    number: String(max_dials ?? min_gap_seconds ?? ""),
  }));

/** The form as the API expects it. What is not a number is sent as it is, so that the API reports it. */
export const limitsOf = (rows: LimitRow[]): Limit[] =>
  rows.map(({ kind, number }) => {
    const given = (Number.isNaN(Number(number)) || number.trim() === "" ? number : Number(number)) as number;
    return kind === "gap" ? { min_gap_seconds: given } : { max_dials: given, per: kind };
  });

const isWhole = (text: string, most: number) => /^\d+$/.test(text.trim()) && Number(text) >= 1 && Number(text) <= most;

/** The highest number that a limit can have. */
const mostOf = ({ kind }: LimitRow): number => (kind === "gap" ? 604_800 : 100);

interface Props {
  rows: LimitRow[];
  onChange: (rows: LimitRow[]) => void;
  disabled: string | null;
}

export function LimitsFields({ rows, onChange, disabled }: Props) {
  const refused = useRefused("contact_limits");
  const isRight = (row: LimitRow) => isWhole(row.number, mostOf(row));
  const set = (at: number, part: Partial<LimitRow>) => onChange(rows.map((row, n) => (n === at ? { ...row, ...part } : row)));
  return (
    <div class="stack" role="group" aria-label="Contact limits">
      {refused && rows.every(isRight) && <p class="refused">{refused}</p>}
      {rows.map((row, n) => (
        <div class="pair" key={n}>
          <SelectField
            label={`Contact limit ${n + 1}`}
            value={row.kind}
            options={[
              ["hour", "Dials in any hour"],
              ["day", "Dials a day"],
              ["week", "Dials a week"],
              ["gap", "Seconds between two dials"],
            ]}
            onChange={(kind) => set(n, { kind })}
            disabled={disabled}
          />
          <div class="stack tight">
            <TextField
              label={row.kind === "gap" ? `Seconds of limit ${n + 1}` : `Dials of limit ${n + 1}`}
              name={isRight(row) ? undefined : "contact_limits"}
              type="number"
              min={1}
              max={mostOf(row)}
              value={row.number}
              onInput={(number) => set(n, { number })}
              disabled={disabled}
              required
            />
            <Button isSmall disabled={disabled} label={`Remove limit ${n + 1}`} onClick={() => onChange(rows.filter((_, at) => at !== n))}>
              Remove
            </Button>
          </div>
        </div>
      ))}
      <div>
        <Button
          disabled={disabled ?? (rows.length < MOST ? null : `At most ${MOST}`)}
          onClick={() => onChange([...rows, { kind: "day", number: "3" }])}
        >
          Add a contact limit
        </Button>
      </div>
      <p class="hint">
        How often one number may be called: days and weeks are in the phone's own time zone, and a week begins on Monday. Calls beyond the
        limit are refused (409); scheduled ones wait.
      </p>
    </div>
  );
}
