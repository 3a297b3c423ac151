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
      await navigator.clipboard.writeText(button.nextElementSibling.textContent);
      button.textContent = "Copied";
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

const shown = (value) => (typeof value === "number" ? Number(value.toPrecision(3)).toString() : (value ?? ""));

function summaryOf(info, rows, data) {
  const counts = {};
  let nearest = 0;
  for (const row of rows) {
    const outcome = data.at("outcome", row);
    counts[outcome] = (counts[outcome] ?? 0) + 1;
    const score = data.at("score", row);
    if (outcome === "passed" && typeof score === "number") nearest = Math.max(nearest, score / data.at("limit", row));
  }
  const parts = Object.entries(counts).map(([outcome, n]) => element("span", { className: outcome }, `${n} ${outcome}`));
  const near = element("span", {}, `nearest to its limit: ${(100 * nearest).toFixed(0)}%`);
  return element("summary", {}, element("strong", {}, info.name), element("span", {}, `${info.area}, ${info.kind}`), ...parts, near);
}

function routesOf(info) {
  const columns = Object.entries(info.routes ?? {}).map(([framework, routes]) => {
    const code = Object.entries(routes).map(([name, source]) =>
      source.includes("\n") ? element("details", {}, element("summary", {}, name), element("pre", { tabIndex: 0 }, source)) : element("pre", { tabIndex: 0 }, source));
    return element("div", {}, element("h4", {}, framework), ...code);
  });
  return element("div", { className: "routes" }, ...columns);
}

function tableOf(rows, data, order) {
  const head = element("tr", {}, ...order.map((name) => element("th", { scope: "col" }, name)));
  const numbers = new Set(["score", "limit", "norm", "ulps"]);
  const body = rows.map((row) => {
    const cells = order.map((name) => {
      const value = data.at(name, row);
      const cell = element("td", { className: numbers.has(name) ? "number" : name === "outcome" ? value : "" });
      if (name === "divergence" && value) cell.append(element("a", { href: `#divergence/${value}` }, value));
      else cell.append(name === "route" ? element("code", {}, value) : shown(value));
      return cell;
    });
    return element("tr", {}, ...cells);
  });
  const table = element("table", {}, element("thead", {}, head), element("tbody", {}, ...body));
  return element("div", { className: "scroll", tabIndex: 0 }, table);
}

// The inside of a case is made when it is opened, and again when the filter changes.
function caseOf(info, rows, data, order) {
  const made = element("details", { className: "case", id: `case/${info.name}` }, summaryOf(info, rows, data));
  made.addEventListener("toggle", () => {
    if (!made.open || made.children.length > 1) return;
    const sources = (info.sources ?? []).map((s) =>
      element("li", {}, s.startsWith("http") ? element("a", { href: s }, s) : s));
    made.append(
      element("p", { className: "text" }, info.summary),
      element("ul", {}, ...sources),
      routesOf(info),
      tableOf(rows, data, order),
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
      checks += rows.length;
      made.push(caseOf(info, rows, data, order));
    }
    list.replaceChildren(...made);
    byId("count").textContent = `${made.length} cases, ${checks} observations`;
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

setUpTheme();
setUpCopying();
payload().then(setUpCases).catch((error) => {
  byId("list").textContent = `The list of cases cannot be shown in this browser (${error.message}).`;
});
