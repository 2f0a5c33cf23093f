import { computed, effect, signal, type Signal } from '@preact/signals';

export type Theme = 'auto' | 'light' | 'dark';
export type Language = 'en' | 'pt';
export type Zone = 'exchange' | 'utc' | 'local';

/** What a user chose on this device; kept in the browser, never sent. */
export const theme = remembered<Theme>('theme', ['auto', 'light', 'dark'], 'auto');
export const language = remembered<Language>('language', ['en', 'pt'], navigator.language.startsWith('pt') ? 'pt' : 'en');
export const zone = remembered<Zone>('zone', ['exchange', 'utc', 'local'], 'exchange');

const systemIsDark = matchMedia('(prefers-color-scheme: dark)');
const systemDark = signal(systemIsDark.matches);
systemIsDark.addEventListener('change', () => (systemDark.value = systemIsDark.matches));

/** Whether the page is dark now; what is drawn on a canvas must be drawn again when it changes. */
export const isDark = computed(() => theme.value === 'dark' || (theme.value === 'auto' && systemDark.value));

effect(() => {
  document.documentElement.dataset['theme'] = theme.value;
  document.documentElement.lang = language.value === 'pt' ? 'pt-BR' : 'en';
});

function remembered<T extends string>(name: string, legal: readonly T[], fallback: T): Signal<T> {
  const key = `qt.${name}`;
  let stored: string | null = null;
  try {
    stored = localStorage.getItem(key);
  } catch {
    // A browser that forbids storage still shows the page.
  }
  const value = signal<T>(legal.find(l => l === stored) ?? fallback);
  effect(() => {
    const chosen = value.value;
    try {
      localStorage.setItem(key, chosen);
    } catch {
      // As above.
    }
  });
  return value;
}
