// Whether a trunk's connection would carry a call, tested without placing one.

import { useLocation } from "preact-iso";
import { useState } from "preact/hooks";
import { ApiError, api, ask, type Schemas } from "../lib/api.ts";
import { Badge } from "./badge.tsx";
import { Button } from "./button.tsx";
import { Card } from "./card.tsx";
import { Failure } from "./note.tsx";

/** The API's text for a check that an earlier one made pointless. */
const NOT_CHECKED = "Not checked";

type Check = Schemas["TrunkTest"]["checks"][number];

const NAMES: Record<string, string> = {
  simulator: "Simulator",
  server: "Server",
  api_key: "API key",
  api_secret: "API secret",
  sip_trunk: "SIP trunk",
};

/** To be mounted anew when the trunk has changed: the findings are then out of date. */
export function TrunkTest({ id }: { id: string }) {
  const isNew = "made" in useLocation().query;
  const [checks, setChecks] = useState<Check[] | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const [isBusy, setBusy] = useState(false);
  const test = async () => {
    setBusy(true);
    setError(null);
    setChecks(null);
    try {
      setChecks((await ask(api.POST("/integration/v1/sip-trunks/{id}/test", { params: { path: { id } } }))).checks);
    } catch (failure) {
      if (failure instanceof ApiError) setError(failure);
    }
    setBusy(false);
  };
  return (
    <Card title="Connection">
      <p class="faint">
        {isNew
          ? "The trunk has been created. Test whether it can carry calls before you place the first one: no phone rings."
          : "No phone rings in a test."}
      </p>
      <div class="row">
        <Button kind={isNew && !checks ? "primary" : "plain"} needs="owner" isBusy={isBusy} onClick={test}>
          Test connection
        </Button>
      </div>
      <Failure error={error} />
      <div role="status">
        {checks && (
          <ul class="stack tight" aria-label="What was found">
            {checks.map((check) => (
              <li key={check.name}>
                <p class="row tight">
                  {check.message === NOT_CHECKED ? (
                    <Badge>not checked</Badge>
                  ) : (
                    <Badge tone={check.ok ? "good" : "bad"}>{check.ok ? "ok" : "failed"}</Badge>
                  )}
                  <strong>{NAMES[check.name] ?? check.name}</strong>
                </p>
                {check.message !== NOT_CHECKED && <p class="small">{check.message}</p>}
              </li>
            ))}
          </ul>
        )}
      </div>
    </Card>
  );
}
