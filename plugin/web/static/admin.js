// Keeps the portal's page up to date: asks for it every two seconds while it is looked at and nothing is being chosen.
const now = document.getElementById("now");
if (now) {
  setInterval(async () => {
    if (document.hidden || now.contains(document.activeElement)) return;
    try {
      const answer = await fetch(now.dataset.url, { redirect: "error" });
      if (answer.ok) now.innerHTML = await answer.text();
    } catch { /* the server is away for a moment, or the session has ended: the next look tells */ }
  }, 2000);
}
