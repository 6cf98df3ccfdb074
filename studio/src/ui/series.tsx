// A call's place among the attempts to reach somebody.

import type { Schemas } from "../lib/api.ts";
import { Card } from "./card.tsx";

type Redial = Schemas["Redial"];

/** `Attempt 2 of 3`. */
export const attemptOf = ({ attempt, max_attempts }: Redial): string => `Attempt ${attempt} of ${max_attempts}`;

interface Props {
  id: string;
  redial: Redial | null;
  isOver: boolean;
}

export function Series({ id, redial, isOver }: Props) {
  if (!redial) return null;
  const { attempt, max_attempts, first_call_id, previous_call_id, next_call_id } = redial;
  const links = [
    ["First attempt", first_call_id === id ? null : first_call_id],
    ["Previous attempt", previous_call_id],
    ["Next attempt", next_call_id],
  ] as const;
  return (
    <Card title={attemptOf(redial)}>
      <p class="faint">
        {next_call_id ? "It did not reach anybody and was followed by another." : whatNext(attempt, max_attempts, isOver)}
      </p>
      <ul class="row" aria-label="Other attempts">
        {links.map(
          ([name, to]) =>
            to && (
              <li key={name}>
                <a href={`/studio/calls/${to}`}>{name}</a>
              </li>
            ),
        )}
      </ul>
    </Card>
  );
}

function whatNext(attempt: number, most: number, isOver: boolean): string {
  if (isOver) return "No other attempt follows it.";
  return attempt < most ? "If it does not reach anybody, another may follow. Cancelling it ends the series." : "It is the last one.";
}
