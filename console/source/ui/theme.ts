// Light, dark, or as the system says. The choice stays on this device.
import { createStore } from '../api/store'

export type Theme = 'system' | 'light' | 'dark'
const key = 'infin8.theme'
export const theme = createStore<Theme>('system')

export function setTheme(next: Theme) {
  theme.set(next)
  localStorage.setItem(key, next)
  document.documentElement.dataset.theme = next
}

export function restoreTheme() {
  const kept = localStorage.getItem(key)
  setTheme(kept === 'light' || kept === 'dark' ? kept : 'system')
}
