"use client";

import { THEME_COOKIE, THEMES, type Theme } from "@/components/theme";

const WORDS: Record<Theme, string> = { system: "System", light: "Light", dark: "Dark" };
const YEAR_S = 31_536_000;

/** System, light or dark; takes effect at once and is kept in a cookie for the server to read. */
export function ThemeChoice({ initial }: { initial: Theme }) {
  return (
    <label className="theme">
      <span className="sr">Theme</span>
      <select defaultValue={initial} onChange={(event) => keep(event.target.value)}>
        {THEMES.map((theme) => (
          <option key={theme} value={theme}>
            {WORDS[theme]}
          </option>
        ))}
      </select>
    </label>
  );
}

function keep(theme: string): void {
  document.documentElement.dataset.theme = theme;
  // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is not in every browser we support
  document.cookie = `${THEME_COOKIE}=${theme}; path=/; max-age=${YEAR_S}; samesite=lax`;
}
