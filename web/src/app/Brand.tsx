/** The mark and the name. */
export function Brand() {
  return (
    <span class="brand">
      <svg width="28" height="28" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
        <rect width="32" height="32" rx="7" class="brand-ground" />
        <path class="brand-line" d="M7 26V14.5L16 7l9 7.5V26" />
        <circle class="brand-line" cx="16" cy="18.5" r="4.3" />
        <circle class="brand-dot" cx="16" cy="18.5" r="1.4" />
      </svg>
      <span class="brand-name">Gatehouse</span>
    </span>
  );
}
