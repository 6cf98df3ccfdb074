// Navigation, and who is signed in.

import { useLocation } from "preact-iso";
import { useEffect, useState } from "preact/hooks";
import { ApiError } from "../lib/api.ts";
import { session } from "../lib/session.ts";
import { signOut } from "../lib/sign-in.ts";
import { setTheme, type Theme, theme } from "../lib/theme.ts";
import { Brand } from "./brand.tsx";
import { Button } from "./button.tsx";
import { Failure } from "./note.tsx";
import { mayLeave, unguard } from "./guard.ts";
import "./nav.css";

const HOME = "/studio";

const PLACES = [
  [HOME, "Home", "M4 11l8-7 8 7v9h-5v-6H9v6H4z"],
  ["/studio/start", "First call", "M5 12h4l2-6 3 12 2-6h3"],
  ["/studio/calls", "Calls", "M6 4h4l1.5 4.5-2.3 1.6a12 12 0 0 0 4.7 4.7l1.6-2.3L20 14v4a2 2 0 0 1-2 2A14 14 0 0 1 4 6a2 2 0 0 1 2-2z"],
  ["/studio/campaigns", "Campaigns", "M4 10v4h3l9 5V5l-9 5zM19 9a4 4 0 0 1 0 6"],
  ["/studio/usage", "Usage", "M4 20h16M7 20v-6M12 20V5M17 20v-9"],
  ["/studio/trunks", "Trunks", "M5 20v-5M10 20v-9M15 20V8M20 20V4"],
  ["/studio/agents", "Agents", "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 20c1-4 4-6 8-6s7 2 8 6"],
  ["/studio/suppressions", "Suppressions", "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM6 6l12 12"],
  ["/studio/webhooks", "Webhooks", "M4 12h11M11 7l5 5-5 5M20 5v14"],
  ["/studio/settings", "Settings", "M4 7h8M18 7h2M15 4.500v5M4 17h2M12 17h8M9 14.500v5"],
  ["/studio/settings/integration", "Integration", "M14 7a4 4 0 1 1-2.8 6.8L8 17H6v2H3v-3l7-6.500A4 4 0 0 1 14 7z"],
  ["/studio/audit-log", "Audit log", "M6 4h9l3 3v13H6zM9 11h6M9 15h6"],
  ["/docs", "Docs", "M12 7c-2-1.5-4.5-2-8-2v13c3.5 0 6 .5 8 2 2-1.5 4.5-2 8-2V5c-3.5 0-6 .5-8 2zM12 7v13"],
] as const;

export function Nav() {
  const { path } = useLocation();
  const [isOpen, setOpen] = useState(false);
  useEffect(() => setOpen(false), [path]);
  const here = PLACES.map(([href]) => href).findLast((href) => path === href || (href !== HOME && path.startsWith(`${href}/`)));
  return (
    <>
      <div class="brand">
        <a href="/studio" class="brand-name">
          <Brand size={22} />
          Studio
        </a>
        <button type="button" class="button quiet small menu" aria-expanded={isOpen} aria-controls="nav" onClick={() => setOpen(!isOpen)}>
          Menu
        </button>
      </div>
      <nav id="nav" aria-label="Studio" class={isOpen ? "open" : undefined}>
        <ul>
          {PLACES.map(([href, name, icon]) => (
            <li key={href}>
              <a href={href} aria-current={href === here ? "page" : undefined}>
                <svg viewBox="0 0 24 24" width="18" height="18" aria-hidden="true">
                  <path d={icon} />
                </svg>
                {name}
              </a>
            </li>
          ))}
        </ul>
      </nav>
    </>
  );
}

const THEMES: readonly (readonly [Theme, string])[] = [
  ["system", "Auto"],
  ["light", "Light"],
  ["dark", "Dark"],
];

export function Account() {
  const { value: who } = session;
  const [error, setError] = useState<ApiError | null>(null);
  if (!who) return null;
  const leave = async () => {
    if (!mayLeave()) return;
    setError(null);
    try {
      await signOut();
      unguard();
      location.assign("/studio");
    } catch (failure) {
      if (failure instanceof ApiError) setError(failure);
    }
  };
  return (
    <div class="account">
      <p class="account-org">{who.org_name}</p>
      <p class="faint small">
        {who.key_name} · {who.role}
      </p>
      <div class="row between">
        <fieldset class="segments" aria-label="Theme">
          {THEMES.map(([value, text]) => (
            <button key={value} type="button" aria-pressed={theme.value === value} onClick={() => setTheme(value)}>
              {text}
            </button>
          ))}
        </fieldset>
        <Button kind="quiet" isSmall onClick={leave}>
          Sign out
        </Button>
      </div>
      <Failure error={error} />
    </div>
  );
}
