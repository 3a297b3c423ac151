// The pictures of training runs and their numbers; then the list of cases and the view of one.

// The numbers of each picture as a file: made when the picture is first shown, in the page itself.
function setUpData({ pictures }) {
  const quoted = (text) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const fill = (link) => {
    if (link.href) return;
    const { key } = link.dataset;
    const counted = pictures[key].some(([, , , counts]) => counts.length);
    const rows = pictures[key].flatMap(([name, x, y, counts]) =>
      y.map((v, i) => [key, name].map(quoted).concat(x[i], v, counted ? counts[i] : []).join(",")));
    const text = [`figure,series,x,y${counted ? ",count" : ""}`, ...rows, ""].join("\n");
    link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
    link.download = `${key.replaceAll(/[^\w.-]+/g, "_")}.csv`;
    link.hidden = false;
  };
  for (const link of document.querySelectorAll(".data")) {
    const run = link.closest("details");
    if (!run || run.open) fill(link);
    else run.addEventListener("toggle", () => fill(link), { once: true });
  }
}

function setUpRuns() {
  const button = byId("open-runs");
  const runs = [...document.querySelectorAll(".run")];
  if (button) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const open = !runs.every((run) => run.open);
      for (const run of runs) run.open = open;
      button.textContent = open ? "Close all" : `Open all ${runs.length}`;
    });
  }
  const follow = () => {
    const run = runs.find((r) => r.id === fragment());
    if (!run) return;
    run.open = true;
    run.scrollIntoView();
  };
  addEventListener("hashchange", follow);
  follow();
}

setUpRuns();
unpacked("payload").then(([meta, buffer]) => {
  const data = new Observations(meta, buffer);
  setUpData(meta);
  setUpList(meta, data);
  setUpCase(meta, data);
  performance.mark("ready");
}).catch((error) => {
  byId("cases-problem").textContent = `The list of cases cannot be shown in this browser (${error.message}).`;
});
