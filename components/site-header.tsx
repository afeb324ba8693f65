"use client";

import Link from "next/link";
import { usePathname } from "next/navigation";
import { useEffect, useState } from "react";
import { HelpSheet } from "@/components/help-sheet";
import { LiveLabel } from "@/components/live-label";
import { useLive } from "@/components/live-provider";
import { withFailures } from "@/components/page-title";
import type { Theme } from "@/components/theme";
import { ThemeChoice } from "@/components/theme-choice";

interface SiteHeaderProps {
  readonly host: string;
  readonly failed: number;
  readonly theme: Theme;
  /** How long a click can be cancelled, ms. */
  readonly graceMs: number;
}

/** Which host this is, where one can go, how fresh the page is. */
export function SiteHeader({ host, failed: initial, theme, graceMs }: SiteHeaderProps) {
  const pathname = usePathname();
  const failed = useFailed(initial);
  return (
    <header className="site">
      <p className="brand">
        <Link href="/" className="mark">
          Attaché
        </Link>
        <span className="host">{host}</span>
      </p>
      <nav aria-label="Main">
        <Link href="/" aria-current={pathname === "/" ? "page" : undefined}>
          Services
          {failed > 0 && <span className="count">{`${failed} failed`}</span>}
        </Link>
        <Link href="/history" aria-current={pathname === "/history" ? "page" : undefined}>
          History
        </Link>
      </nav>
      <LiveLabel />
      <div className="tools">
        <ThemeChoice initial={theme} />
        <HelpSheet graceMs={graceMs} />
      </div>
    </header>
  );
}

/** How many services have failed, here and in the title of the tab. */
function useFailed(initial: number): number {
  const live = useLive();
  const [failed, setFailed] = useState(initial);
  useEffect(
    () =>
      live.subscribe((event) => {
        if (event.type !== "hello" && event.type !== "services") return;
        setFailed(event.failed);
        document.title = withFailures(document.title, event.failed);
      }),
    [live],
  );
  return failed;
}
