// Dark or light: as the system has it, until the user chooses.

const KEY = 'probeops-theme';
const root = document.documentElement;

export function setUpTheme(toggle) {
  const isDark = () => (root.dataset.theme ?? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')) === 'dark';
  const label = () => {
    toggle.textContent = isDark() ? 'Light' : 'Dark';
    toggle.setAttribute('aria-label', `Use ${isDark() ? 'light' : 'dark'} colours`);
  };
  const kept = localStorage.getItem(KEY);
  if (kept === 'dark' || kept === 'light') root.dataset.theme = kept;
  toggle.onclick = () => {
    root.dataset.theme = isDark() ? 'light' : 'dark';
    localStorage.setItem(KEY, root.dataset.theme);
    label();
  };
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', label);
  label();
}
