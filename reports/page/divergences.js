// Searching the catalogue; an entry that an address names is always shown.

const entries = [...document.querySelectorAll(".entry")].map((node) => ({
  node,
  group: node.closest(".group"),
  area: node.closest(".area"),
  text: node.textContent.toLowerCase(),
}));

function showEntries() {
  const words = wordsOf(byId("search").value);
  const framework = byId("framework").value;
  const seen = byId("seen").value;
  const filled = new Set();
  let n = 0;
  for (const { node, group, area, text } of entries) {
    const wanted = (!framework || node.dataset.framework === framework)
      && (!seen || (seen === "no") === node.classList.contains("unseen"))
      && words.every((word) => text.includes(word));
    node.hidden = !wanted;
    n += wanted;
    if (wanted) filled.add(group).add(area);
  }
  for (const { group, area } of entries) {
    group.hidden = !filled.has(group);
    area.hidden = !filled.has(area);
  }
  byId("count").textContent = `${n} of ${entries.length}`;
}

function followEntry() {
  const target = byId(fragment());
  if (!target) return;
  if (!target.checkVisibility()) {
    byId("filter").reset();
    showEntries();
  }
  target.scrollIntoView();
  target.focus({ preventScroll: true });
}

byId("filter").addEventListener("input", showEntries);
byId("filter").addEventListener("submit", (event) => event.preventDefault());
byId("filter").hidden = false;
addEventListener("hashchange", followEntry);
showEntries();
followEntry();
