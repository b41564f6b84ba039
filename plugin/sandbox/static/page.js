// Fetches what is shown anew and lets what changed flash. The page works without it.
(() => {
  const PAUSE = 1500;

  const values = (part) => new Map([...part.querySelectorAll("[data-live]")].map((e) => [e.dataset.live, e.textContent]));

  const refresh = async (part) => {
    if (document.hidden) return;
    const answer = await fetch(part.dataset.refresh, { headers: { "X-Refresh": "1" } });
    if (!answer.ok) return;
    const text = await answer.text();
    if (text === part.dataset.last) return;
    part.dataset.last = text;
    const before = values(part);
    const scrolled = [...part.querySelectorAll(".tall")].map((e) => e.scrollTop);
    part.innerHTML = text; // the same server's template, escaped there
    part.querySelectorAll(".tall").forEach((e, n) => { e.scrollTop = scrolled[n] || 0; });
    part.querySelectorAll("[data-live]").forEach((e) => {
      if (before.get(e.dataset.live) !== e.textContent) e.classList.add("changed");
    });
  };

  const watch = async (part) => {
    try { await refresh(part); } catch { /* the sandbox may be restarting: try again */ }
    setTimeout(watch, PAUSE, part);
  };

  document.querySelectorAll("[data-refresh]").forEach(watch);
})();
