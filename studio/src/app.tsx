// Who is signed in, and which pages there are.

import type { ComponentType } from "preact";
import { ErrorBoundary, lazy, LocationProvider, Route, Router } from "preact-iso";
import { useEffect, useState } from "preact/hooks";
import { answers, contact } from "./lib/connection.ts";
import { startLive } from "./lib/live.ts";
import { lapsed, session } from "./lib/session.ts";
import { whoAmI } from "./lib/sign-in.ts";
import { Dialog } from "./ui/dialog.tsx";
import { Frame } from "./ui/frame.tsx";
import { usePlaces } from "./ui/guard.ts";
import { Page } from "./ui/page.tsx";
import { SignInForm, SignInPage } from "./pages/sign-in.tsx";

/** How soon to ask again for what could not be loaded. */
const AGAIN_MS = 1_500;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** A page that is loaded when somebody opens it. */
function page(load: () => Promise<{ default: ComponentType }>) {
  return lazy(() => load().catch(unloaded));
}

/** Either there is no connection, or a newer version of Studio: both are mended by reloading everything once the API answers. A
 * page that can't be loaded even then says so. */
async function unloaded(): Promise<{ default: ComponentType }> {
  const [visit] = performance.getEntriesByType("navigation") as PerformanceNavigationTiming[];
  if (visit?.type === "reload" && performance.now() < 10_000) {
    return { default: () => <Unreachable text="This page could not be loaded." /> };
  }
  contact(false);
  do await pause(AGAIN_MS);
  while (!(await answers()));
  location.reload();
  return { default: () => null };
}

const Home = page(() => import("./pages/home.tsx"));
const Start = page(() => import("./pages/start.tsx"));
const Calls = page(() => import("./pages/calls.tsx"));
const NewCall = page(() => import("./pages/call-new.tsx"));
const Call = page(() => import("./pages/call.tsx"));
const Campaigns = page(() => import("./pages/campaigns.tsx"));
const Campaign = page(() => import("./pages/campaign.tsx"));
const Usage = page(() => import("./pages/usage.tsx"));
const Trunks = page(() => import("./pages/trunks.tsx"));
const Trunk = page(() => import("./pages/trunk.tsx"));
const NewTrunk = page(() => import("./pages/trunk-new.tsx"));
const Agents = page(() => import("./pages/agents.tsx"));
const Agent = page(() => import("./pages/agent.tsx"));
const Suppressions = page(() => import("./pages/suppressions.tsx"));
const Webhooks = page(() => import("./pages/webhooks.tsx"));
const Delivery = page(() => import("./pages/delivery.tsx"));
const Integration = page(() => import("./pages/integration.tsx"));
const Settings = page(() => import("./pages/settings.tsx"));
const AuditLog = page(() => import("./pages/audit-log.tsx"));

export function App() {
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    const load = (): Promise<void> =>
      whoAmI().then(
        () => setProblem(null),
        async (error: Error) => {
          setProblem(error.message);
          await pause(AGAIN_MS);
          return load();
        },
      );
    void load();
  }, []);
  if (problem !== null) return <Unreachable text={problem} advice="Studio tries again by itself." />;
  if (session.value === undefined) return <div class="boot" role="status" aria-label="Loading" />;
  if (session.value === null) return <SignInPage />;
  return (
    <LocationProvider scope="/studio">
      <Signed />
    </LocationProvider>
  );
}

function Signed() {
  useEffect(startLive, []);
  usePlaces();
  return (
    <Frame over={lapsed.value !== null && <Lapsed why={lapsed.value} />}>
      <Pages />
    </Frame>
  );
}

function Lapsed({ why }: { why: string }) {
  return (
    <Dialog title="Your session has ended" onClose={() => {}} isFirm>
      <p>
        <strong>{why}.</strong> A session ends after 12 hours, and when its key expires or is revoked. Sign in again: your work is still
        here.
      </p>
      <SignInForm />
    </Dialog>
  );
}

function Pages() {
  const [broken, setBroken] = useState(false);
  if (broken) {
    return <Unreachable text="This page could not be shown." />;
  }
  return (
    <ErrorBoundary onError={() => setBroken(true)}>
      <Router>
        <Route path="/studio" component={Home} />
        <Route path="/studio/start" component={Start} />
        <Route path="/studio/calls" component={Calls} />
        <Route path="/studio/calls/new" component={NewCall} />
        <Route path="/studio/calls/:id" component={Call} />
        <Route path="/studio/campaigns" component={Campaigns} />
        <Route path="/studio/campaigns/:id" component={Campaign} />
        <Route path="/studio/usage" component={Usage} />
        <Route path="/studio/trunks" component={Trunks} />
        <Route path="/studio/trunks/new" component={NewTrunk} />
        <Route path="/studio/trunks/:id" component={Trunk} />
        <Route path="/studio/agents" component={Agents} />
        <Route path="/studio/agents/:id" component={Agent} />
        <Route path="/studio/suppressions" component={Suppressions} />
        <Route path="/studio/webhooks" component={Webhooks} />
        <Route path="/studio/webhooks/deliveries/:id" component={Delivery} />
        <Route path="/studio/settings" component={Settings} />
        <Route path="/studio/settings/integration" component={Integration} />
        <Route path="/studio/audit-log" component={AuditLog} />
        <Route default component={Missing} />
      </Router>
    </ErrorBoundary>
  );
}

function Missing() {
  return (
    <Page title="Page not found">
      <p>
        <a href="/studio">Go to Home</a>
      </p>
    </Page>
  );
}

function Unreachable({ text, advice }: { text: string; advice?: string }) {
  return (
    <div class="empty" role="alert">
      <p class="empty-title">{text}</p>
      {advice && <p class="faint">{advice}</p>}
      <button type="button" class="button primary" onClick={() => location.reload()}>
        Reload
      </button>
    </div>
  );
}
