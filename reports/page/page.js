"use strict";
// Everything that a reader needs at once is in the page itself. This adds the list of cases, and the theme.

const byId = (id) => document.getElementById(id);

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

// Theme: the system's, unless the reader chooses; remembered where the browser allows it.
function setUpTheme() {
  const root = document.documentElement;
  const button = byId("theme");
  const stored = (value) => {
    try {
      if (value) localStorage.setItem("theme", value);
      return localStorage.getItem("theme");
    } catch {
      return null;
    }
  };
  const show = (theme) => {
    root.dataset.theme = theme;
    button.textContent = theme === "dark" ? "Light" : "Dark";
    button.setAttribute("aria-label", `Use ${button.textContent.toLowerCase()} colours`);
  };
  const system = matchMedia("(prefers-color-scheme: dark)");
  const now = () => stored() ?? (system.matches ? "dark" : "light");
  system.addEventListener("change", () => show(now()));
  button.addEventListener("click", () => {
    const next = root.dataset.theme === "dark" ? "light" : "dark";
    stored(next);
    show(next);
  });
  button.hidden = false;
  show(now());
}

function setUpCopying() {
  if (!navigator.clipboard) return;
  for (const button of document.querySelectorAll(".copy")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const program = button.nextElementSibling;
      try {
        await navigator.clipboard.writeText(program.textContent);
        button.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(program); // the browser refused: one key is left to the reader
        button.textContent = "Selected: copy it by keyboard";
      }
    });
  }
}

async function payload() {
  const packed = Uint8Array.from(atob(byId("payload").textContent), (c) => c.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).json();
}

// Observations stay in columns; a row is an index. `groups` maps a case to its rows.
class Observations {
  constructor(columns) {
    this.columns = columns;
    this.groups = new Map();
    columns.case.rows.forEach((place, row) => {
      const name = columns.case.values[place];
      if (!this.groups.has(name)) this.groups.set(name, []);
      this.groups.get(name).push(row);
    });
  }
  at(column, row) {
    return this.columns[column].values[this.columns[column].rows[row]];
  }
  text(row) {
    return ["route", "sample", "reason", "divergence"].map((c) => this.at(c, row)).join(" ").toLowerCase();
  }
}

// Three digits; an exponent where the number would be long.
function shown(value) {
  if (typeof value !== "number") return value ?? "";
  const size = Math.abs(value);
  const long = size >= 1e5 || (size > 0 && size < 1e-3);
  return long ? value.toExponential(1) : String(Number(value.toPrecision(3)));
}

const SEVERITY = ["failed", "crashed", "diverged", "passed", "skipped"];

function summaryOf(info, rows, data) {
  const counts = {};
  let worst = null;
  const ratio = (row) => Number(data.at("score", row)) / data.at("limit", row);
  for (const row of rows) {
    const outcome = data.at("outcome", row);
    counts[outcome] = (counts[outcome] ?? 0) + data.at("covers", row);
    if (outcome === "passed" && data.at("limit", row) && !(worst !== null && ratio(row) <= ratio(worst))) worst = row;
  }
  const parts = SEVERITY.filter((outcome) => counts[outcome])
    .map((outcome) => element("span", { className: outcome }, `${counts[outcome]} ${outcome}`));
  if (worst !== null) {
    const [score, limit] = ["score", "limit"].map((c) => shown(data.at(c, worst)));
    parts.push(element("span", {}, `nearest to its limit: ${score} of ${limit}`));
  }
  const kind = info.kind === info.area ? info.area : `${info.area}, ${info.kind}`;
  return element("summary", {}, element("strong", {}, info.name), element("span", {}, kind), ...parts);
}

function routesOf(info) {
  const columns = Object.entries(info.routes ?? {}).map(([framework, routes]) => {
    const code = Object.entries(routes).flatMap(([name, source]) => [
      element("p", {}, element("code", {}, name)),
      element("pre", { tabIndex: 0 }, source),
    ]);
    return element("div", {}, element("h3", {}, framework), ...code);
  });
  return element("div", { className: "routes" }, ...columns);
}

function tableOf(info, rows, data, order) {
  const severity = (row) => SEVERITY.indexOf(data.at("outcome", row));
  const sorted = [...rows].sort((a, b) => severity(a) - severity(b));
  const numbers = new Set(["score", "limit", "norm", "ulps"]);
  const kindOf = (name, value) => (numbers.has(name) ? "number" : name === "outcome" ? value : name);
  const head = element("tr", {}, ...order.map((name) => element("th", { scope: "col", className: kindOf(name, "") }, name)));
  const body = sorted.map((row) => {
    const cells = order.map((name) => {
      const value = data.at(name, row);
      const cell = element("td", { className: kindOf(name, value) });
      if (name === "divergence" && value) cell.append(element("a", { href: `#divergence/${value}` }, value));
      else cell.append(name === "route" ? element("code", {}, value) : shown(value));
      return cell;
    });
    return element("tr", {}, ...cells);
  });
  const caption = element("caption", {}, `Observations of ${info.name}`);
  const table = element("table", {}, caption, element("thead", {}, head), element("tbody", {}, ...body));
  return element("div", { className: "scroll", tabIndex: 0, role: "region", ariaLabel: caption.textContent }, table);
}

// The inside of a case is made when it is opened, and again when the filter changes.
function caseOf(info, rows, data, order) {
  const made = element("details", { className: "case", id: `case/${info.name}` }, summaryOf(info, rows, data));
  made.addEventListener("toggle", () => {
    if (!made.open || made.children.length > 1) return;
    const samples = (info.samples ?? []).flatMap((s, i) => [i ? ", " : "Samples: ", element("code", {}, s)]);
    const sources = (info.sources ?? []).map((s) =>
      element("li", {}, s.startsWith("http") ? element("a", { href: s }, s) : s));
    made.append(
      element("p", { className: "text" }, info.summary),
      ...(sources.length ? [element("ul", {}, ...sources)] : []),
      element("p", {}, ...samples),
      ...(byId(`run/${info.name}`) ? [element("p", {}, element("a", { href: `#run/${info.name}` }, "Pictures"))] : []),
      routesOf(info),
      tableOf(info, rows, data, order),
    );
  });
  return made;
}

function setUpCases({ cases, columns, order }) {
  const data = new Observations(columns);
  const fill = (id, values) => {
    const select = byId(id);
    select.append(element("option", { value: "" }, "all"), ...[...values].sort().map((v) => element("option", {}, v)));
    select.addEventListener("change", render);
  };
  const list = byId("list");
  const search = byId("search");

  function render() {
    const wanted = Object.fromEntries(["framework", "dtype", "outcome"].map((c) => [c, byId(c).value]));
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const open = new Set([...list.querySelectorAll(".case[open]")].map((c) => c.id));
    let checks = 0;
    const made = [];
    for (const info of cases) {
      if (byId("area").value && info.area !== byId("area").value) continue;
      const about = `${info.name} ${info.area} ${info.kind}`.toLowerCase();
      const rest = words.filter((w) => !about.includes(w));
      const rows = (data.groups.get(info.name) ?? []).filter((row) =>
        Object.entries(wanted).every(([c, v]) => !v || (c === "framework" ? data.at(c, row).split("+").includes(v) : data.at(c, row) === v))
        && rest.every((w) => data.text(row).includes(w)));
      if (!rows.length) continue;
      checks += rows.reduce((sum, row) => sum + data.at("covers", row), 0);
      const added = caseOf(info, rows, data, order);
      added.open = open.has(added.id);
      made.push(added);
    }
    list.replaceChildren(...made);
    byId("count").textContent = `${made.length} cases, ${checks} checks`;
  }

  // A link to a case opens it, whatever the filter was.
  function follow() {
    const id = decodeURIComponent(location.hash.slice(1));
    if (!id.startsWith("case/")) return;
    if (!byId(id)) {
      byId("filter").reset();
      render();
    }
    const target = byId(id);
    if (!target) return;
    target.open = true;
    target.scrollIntoView();
    target.firstElementChild.focus();
  }

  fill("area", new Set(cases.map((c) => c.area)));
  fill("framework", new Set(columns.framework.values.flatMap((f) => f.split("+"))));
  fill("dtype", columns.dtype.values.filter((d) => d !== "*"));
  fill("outcome", columns.outcome.values);
  search.addEventListener("input", render);
  byId("filter").addEventListener("submit", (event) => event.preventDefault());
  byId("filter").hidden = false;
  addEventListener("hashchange", follow);
  render();
  follow();
}

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
    const run = runs.find((r) => r.id === decodeURIComponent(location.hash.slice(1)));
    if (!run) return;
    run.open = true;
    run.scrollIntoView();
  };
  addEventListener("hashchange", follow);
  follow();
}

setUpTheme();
setUpCopying();
setUpRuns();
payload().then((data) => {
  setUpData(data);
  setUpCases(data);
}).catch((error) => {
  byId("list").textContent = `The list of cases cannot be shown in this browser (${error.message}).`;
});
