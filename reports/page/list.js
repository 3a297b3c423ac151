// The list of cases: observations stay in columns of numbers, and only the cases that are near the reader are made.

const SEVERITY = ["failed", "crashed", "diverged", "passed", "skipped"];
const CHUNK = 40;

class Observations {
  constructor({ columns, rows }, buffer) {
    this.columns = {};
    let offset = 0;
    for (const { name, values, size } of columns) {
      const kind = { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array }[size];
      this.columns[name] = { values, places: new kind(buffer, offset, rows) };
      offset += size * rows;
    }
    this.groups = new Map(this.columns.case.values.map((name) => [name, []]));
    const groups = [...this.groups.values()];
    const { places } = this.columns.case;
    for (let row = 0; row < rows; row++) groups[places[row]].push(row);
    this.lower = {};
  }
  at(column, row) {
    const { values, places } = this.columns[column];
    return values[places[row]];
  }
  // For each row, whether one of these columns has a value that is wanted.
  where(columns, wanted) {
    const hits = new Uint8Array(this.columns.case.places.length);
    for (const column of columns) {
      const { places } = this.columns[column];
      const is = wanted(column);
      for (let row = 0; row < hits.length; row++) hits[row] |= is[places[row]];
    }
    return hits;
  }
  having(column, wanted) {
    return this.where([column], () => Uint8Array.from(this.columns[column].values, (v) => (wanted(v) ? 1 : 0)));
  }
  // Rows with this word in one of the columns in which words are looked for.
  word(text) {
    return this.where(["route", "sample", "reason", "divergence", "check"], (column) => {
      const lower = (this.lower[column] ??= this.columns[column].values.map((v) => String(v).toLowerCase()));
      return Uint8Array.from(lower, (v) => (v.includes(text) ? 1 : 0));
    });
  }
}

// Those of a case's rows that are in every one of these sets.
function filtered(rows, sets) {
  if (!sets.length) return rows;
  const found = [];
  for (let i = 0; i < rows.length; i++) {
    let wanted = 1;
    for (let k = 0; k < sets.length; k++) wanted &= sets[k][rows[i]];
    if (wanted) found.push(rows[i]);
  }
  return found;
}

// How many checks had which outcome, and which passing row came nearest to its limit.
function summaryOf(rows, data) {
  const counts = {};
  let nearest = null;
  let most = -1;
  const { outcome, covers, score, limit } = data.columns;
  for (const row of rows) {
    const result = outcome.values[outcome.places[row]];
    counts[result] = (counts[result] ?? 0) + covers.values[covers.places[row]];
    if (result !== "passed") continue;
    const of = limit.values[limit.places[row]];
    const ratio = of ? Number(score.values[score.places[row]] ?? -of) / of : -1;
    if (ratio > most) [most, nearest] = [ratio, row];
  }
  return { counts, nearest };
}

function outcomesOf({ counts, nearest }, data) {
  const said = (outcomes) => element("span", { className: outcomes[0] },
    outcomes.filter((o) => counts[o]).map((o) => `${counts[o]} ${o}`).join(", "));
  const near = element("span");
  if (nearest !== null) {
    const [score, limit] = ["score", "limit"].map((c) => shown(data.at(c, nearest)));
    near.textContent = `nearest to its limit: ${score} of ${limit}`;
  }
  const worst = counts.failed || counts.crashed ? ["failed", "crashed", "diverged"] : ["diverged"];
  return [said(worst), said(["passed"]), said(["skipped"]), near];
}

const kindOf = (info) => (info.kind === info.area ? info.area : `${info.area}, ${info.kind}`);

function setUpList({ cases }, data) {
  const list = byId("list");
  const search = byId("search");
  let waiting = []; // what passed the filter and is not made yet

  const itemOf = ([info, rows]) => element("li", {},
    element("a", { href: `#case/${info.name}` }, info.name), element("span", {}, kindOf(info)),
    ...outcomesOf(summaryOf(rows, data), data));
  const more = (n = CHUNK) => list.append(...waiting.splice(0, n).map(itemOf));

  function render() {
    const all = [];
    for (const column of ["dtype", "outcome", "framework"]) {
      const value = byId(column).value;
      if (value) all.push(data.having(column, (v) => (column === "framework" ? v.split("+").includes(value) : v === value)));
    }
    const area = byId("area").value;
    const words = wordsOf(search.value);
    const hits = new Map(words.map((w) => [w, data.word(w)]));
    let checks = 0;
    const { values, places } = data.columns.covers;
    waiting = [];
    for (const info of cases) {
      if (area && info.area !== area) continue;
      const about = `${info.name} ${info.area} ${info.kind}`.toLowerCase();
      const rest = words.filter((w) => !about.includes(w)).map((w) => hits.get(w));
      const rows = filtered(data.groups.get(info.name) ?? [], [...all, ...rest]);
      if (!rows.length) continue;
      for (const row of rows) checks += values[places[row]];
      waiting.push([info, rows]);
    }
    byId("count").textContent = `${counted(waiting.length, "case")}, ${counted(checks, "check")}`;
    list.replaceChildren();
    more();
  }

  const fill = (id, values) => {
    const select = byId(id);
    select.append(element("option", { value: "" }, "all"), ...[...values].sort().map((v) => element("option", {}, v)));
    select.addEventListener("change", render);
  };
  const { framework, dtype, outcome } = data.columns;
  fill("area", new Set(cases.map((c) => c.area)));
  fill("framework", new Set(framework.values.flatMap((f) => f.split("+"))));
  fill("dtype", dtype.values.filter((d) => d !== "*"));
  fill("outcome", outcome.values);
  search.addEventListener("input", render);
  byId("filter").addEventListener("submit", (event) => event.preventDefault());
  byId("filter").hidden = false;
  // A cell of the areas' table leads to its cases.
  for (const link of document.querySelectorAll("#areas tbody th a")) {
    link.addEventListener("click", () => {
      byId("filter").reset();
      byId("area").value = link.textContent;
      render();
    });
  }
  addEventListener("beforeprint", () => more(Infinity));
  new IntersectionObserver((seen) => seen.some((s) => s.isIntersecting) && more(), { rootMargin: "1200px" })
    .observe(byId("list-end"));
  render();
  // What the first search would have to wait for.
  (globalThis.requestIdleCallback ?? setTimeout)(() => data.word(""));
}
