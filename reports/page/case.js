// The view of one case: its formula, routes, scores, divergences, reference and observations. `#case/gelu` leads to it,
// and what follows (check/framework/mode/device/route/dtype/sample) to one of its observations.

const KEY = ["check", "framework", "mode", "device", "route", "dtype", "sample"];
const NUMBERS = new Set(["score", "limit", "norm", "ulps"]);
const GREEK = Object.fromEntries(
  "alpha α beta β gamma γ Gamma Γ delta δ Delta Δ epsilon ε eps ε zeta ζ eta η theta θ lambda λ mu μ nu ν pi π rho ρ sigma σ tau τ phi φ Phi Φ psi ψ omega ω"
    .match(/\S+ \S+/g).map((pair) => pair.split(" ")));
const SIGNS = { "<=": "≤", ">=": "≥", "!=": "≠", "->": "→", "+-": "±", "-": "\u2212", "*": "\u2009·\u2009", "...": "…" };

const part = (title, ...inside) => (inside.length ? [element("h3", {}, title), ...inside] : []);
const code = (text) => element("pre", { tabIndex: 0 }, text);
const link = (address) => (address.startsWith("http") ? element("a", { href: address }, address) : address);
const listOf = (texts) => element("ul", {}, ...texts.map((t) => element("li", {}, link(t))));
const region = (table, label) =>
  element("div", { className: "scroll", tabIndex: 0, role: "region", ariaLabel: label }, table);

// What stands between backticks is code.
const prose = (text) => text.split(/`+([^`]+)`+/).map((t, i) => (i % 2 ? element("code", {}, t) : t));

// A formula in plain text, with its powers and indices, Greek letters and signs as they are set.
function formula(text) {
  const pattern = /\^(\([^()]*\)|-?[\w.]+)|(?:(?<=\b[A-Za-z])|(?<=\bsum))_(\{[^}]*\}|\w+)|\b([A-Za-z]+)(?![A-Za-z])|<=|>=|!=|->|\+-|\.\.\.|(?<= )[-*](?= )|(?<=[\s(])-(?=\w)/g;
  const parts = [];
  let end = 0;
  text = text.replace(/\bsqrt (?=\w)|\bsqrt(?=\()/g, "√");
  for (const match of text.matchAll(pattern)) {
    const [all, power, index, name] = match;
    parts.push(text.slice(end, match.index));
    end = match.index + all.length;
    if (power) parts.push(element("sup", {}, ...formula(power.replace(/^\((.*)\)$/, "$1"))));
    else if (index) parts.push(element("sub", {}, ...formula(index.replace(/[{}]/g, ""))));
    else if (name) parts.push(GREEK[name] ?? (name.length === 1 ? element("i", {}, name) : name));
    else parts.push(SIGNS[all]);
  }
  return [...parts, text.slice(end)];
}

// A docstring: its first sentence is set as a formula if it is one.
function summary(text) {
  const [, first, rest] = text.match(/^([^]*?\S)(?:\.(?=\s+(?:[A-Z*"]|http))|(?=\n\n)|\.?$)([^]*)$/) ?? [null, text, ""];
  const isFormula = first.length < 200 && !first.includes("http") && /[=^/*<>+]|\w\(|\w [A-Z]\w*\(|^\w+ \w$/.test(first) && !/`|\w{3,} \w{3,} \w{3,} \w{3,}/.test(first);
  return isFormula
    ? [element("p", { className: "formula" }, ...formula(first)), ...(rest.trim() ? [element("p", { className: "text" }, ...prose(rest.trim()))] : [])]
    : [element("p", { className: "text" }, ...prose(text))];
}

function routesOf(info, functions) {
  const columns = Object.entries(info.routes ?? {}).map(([framework, routes]) => {
    const sources = Object.entries(routes).flatMap(([name, source]) => [element("p", {}, element("code", {}, name)), code(source)]);
    return element("div", {}, element("h4", {}, framework), ...sources);
  });
  const helpers = (info.helpers ?? []).map((key) => functions[key]);
  return [
    ...(columns.length ? [element("div", { className: "routes" }, ...columns)] : []),
    ...(helpers.length ? [element("details", {}, element("summary", {}, `What they call (${helpers.length})`), code(helpers.join("\n\n\n")))] : []),
  ];
}

// The worst score of each check and framework, by mode, device and dtype. A cell shows its observations below.
function matrixOf(info, rows, data, choose) {
  const columns = new Map();
  const lines = new Map();
  for (const row of rows) {
    if (data.at("dtype", row) === "*" || data.at("route", row) === "*") continue;
    const [check, framework, mode, device, dtype] = ["check", "framework", "mode", "device", "dtype"].map((c) => data.at(c, row));
    const where = `${mode}, ${device}`;
    if (!columns.has(where)) columns.set(where, new Set());
    columns.get(where).add(dtype);
    const line = `${check}\n${framework}`;
    if (!lines.has(line)) lines.set(line, new Map());
    const cells = lines.get(line);
    const key = `${where}\n${dtype}`;
    if (!cells.has(key)) cells.set(key, []);
    cells.get(key).push(row);
  }
  if (!lines.size) return [];
  const known = data.columns.dtype.values;
  const heads = [...columns].flatMap(([where, dtypes]) =>
    [...dtypes].sort((a, b) => known.indexOf(a) - known.indexOf(b)).map((dtype) => [where, dtype]));
  const cell = (found, line, where, dtype) => {
    if (!found) return element("td", { className: "none" }, element("span", { className: "hidden" }, "none"));
    const outcomes = found.map((row) => data.at("outcome", row));
    const outcome = SEVERITY.find((o) => outcomes.includes(o));
    const worst = (row) => {
      const score = Number(data.at("score", row) ?? -1);
      return Number.isNaN(score) ? Infinity : score;
    };
    const row = found.filter((r) => data.at("outcome", r) === outcome).reduce((a, b) => (worst(b) > worst(a) ? b : a));
    const text = shown(data.at("score", row)) === "" ? outcome : String(shown(data.at("score", row)));
    const button = element("button", { type: "button", className: outcome }, text);
    button.setAttribute("aria-label", `${line.replace("\n", " of ")}, ${dtype}, ${where}: ${text}, ${outcome}; show ${counted(found.length, "observation")}`);
    button.addEventListener("click", () => choose(line, where, dtype));
    return element("td", { className: "number" }, button);
  };
  const top = element("tr", {}, element("td", { colSpan: 2 }),
    ...[...columns].map(([where, dtypes]) => element("th", { scope: "colgroup", colSpan: dtypes.size }, where)));
  const head = element("tr", {}, element("th", { scope: "col" }, "check"), element("th", { scope: "col" }, "framework"),
    ...heads.map(([, dtype]) => element("th", { scope: "col", className: "number" }, dtype)));
  const body = [...lines].map(([line, cells]) => element("tr", {},
    ...line.split("\n").map((text) => element("th", { scope: "row" }, text)),
    ...heads.map(([where, dtype]) => cell(cells.get(`${where}\n${dtype}`), line, where, dtype))));
  const caption = element("caption", {}, "The worst score of each, in noise floors. Choose one to see its observations.");
  const table = element("table", { className: "scores" }, caption, element("thead", {}, top, head), element("tbody", {}, ...body));
  return [region(table, `Scores of ${info.name}`)];
}

function divergencesOf(rows, data, known, catalogue) {
  const counts = new Map();
  for (const row of rows) {
    const id = data.at("divergence", row);
    if (id) counts.set(id, (counts.get(id) ?? 0) + (data.at("outcome", row) === "diverged" ? data.at("covers", row) : 0));
  }
  return [...counts].sort((a, b) => b[1] - a[1]).map(([id, n]) => {
    const { framework, reason = "", agree = "", sources = [] } = known[id] ?? {};
    return element("article", { className: "known" },
      element("h4", {}, element("a", { href: `${catalogue}#divergence/${id}` }, id),
        element("small", {}, `${framework ?? ""}, ${n ? `seen in ${counted(n, "check")} here` : "in its scope, within the limit here"}`)),
      element("p", {}, ...prose(reason)),
      element("p", {}, element("strong", {}, "To agree: "), ...prose(agree)),
      ...(sources.length ? [listOf(sources)] : []));
  });
}

function plainTable(caption, head, rows, numbers = []) {
  const kind = (i) => (numbers.includes(i) ? "number" : "");
  const table = element("table", {}, element("caption", {}, caption),
    element("thead", {}, element("tr", {}, ...head.map((h, i) => element("th", { scope: "col", className: kind(i) }, h)))),
    element("tbody", {}, ...rows.map((cells) => element("tr", {}, ...cells.map((c, i) => element("td", { className: kind(i) }, c ?? ""))))));
  return region(table, caption);
}

function accuracyOf(info, atlas) {
  const rows = (atlas.cases?.[info.name] ?? []).map(([framework, route, options, dtype, worst, argument, mean, mismatches, problem]) =>
    [framework, element("code", {}, route), options, dtype, problem || shown(worst), problem ? "" : argument, problem ? "" : shown(mean), mismatches || ""]);
  const head = ["framework", "route", "options", "dtype", "worst error", "at", "mean error", "NaN or infinite"];
  return rows.length ? [plainTable(`Errors in units in the last place, from the accuracy atlas (${atlas.versions})`, head, rows, [4, 6, 7])] : [];
}

function timingsOf(info, timings) {
  const rows = timings.filter((t) => (t.case || t.benchmark.split("-")[0]) === info.name).map((t) =>
    [t.benchmark, t.framework, [t.mode, t.device].filter((x) => x && x !== "cpu").join(" "), shown(t.minimum * 1e6), shown(t.median * 1e6), t.rounds]);
  return rows.length ? [plainTable("Microseconds, float32, one thread", ["benchmark", "framework", "mode", "fastest", "median", "rounds"], rows, [3, 4, 5])] : [];
}

const addressOf = (row, info, data) => ["#case", info.name, ...KEY.map((c) => encodeURIComponent(data.at(c, row)))].join("/");

function observationsOf(info, rows, data, order, catalogue) {
  const severity = (row) => SEVERITY.indexOf(data.at("outcome", row));
  const sorted = [...rows].sort((a, b) => severity(a) - severity(b));
  const kind = (name, value) => (NUMBERS.has(name) ? "number" : name === "outcome" ? value : name);
  const head = element("tr", {}, ...order.map((name) => element("th", { scope: "col", className: kind(name, "") }, name)));
  const lineOf = (row) => {
    const address = addressOf(row, info, data);
    return element("tr", { id: address.slice(1) }, ...order.map((name) => {
      const value = data.at(name, row);
      const cell = element("td", { className: kind(name, value) });
      if (name === "divergence" && value) cell.append(element("a", { href: `${catalogue}#divergence/${value}` }, value));
      else if (name === "sample" && value !== "*") cell.append(element("a", { href: address }, value));
      else cell.append(name === "route" ? element("code", {}, value) : shown(value));
      return cell;
    }));
  };
  const caption = element("caption", { ariaLive: "polite" });
  const body = element("tbody");
  const all = element("button", { type: "button" }, "Show all");
  const show = (chosen, what) => {
    body.replaceChildren(...sorted.filter(chosen).map(lineOf));
    caption.textContent = `${counted(body.children.length, "observation")} ${what}`;
    all.hidden = body.children.length === rows.length;
  };
  const every = () => show(() => true, `of ${info.name}`);
  all.addEventListener("click", every);
  every();
  const table = region(element("table", {}, caption, element("thead", {}, head), body), `Observations of ${info.name}`);
  return { parts: [all, table], show, every, table };
}

function setUpCase(meta, data) {
  const { cases, functions, divergences, order, atlas, timings } = meta;
  const place = byId("case");
  const catalogue = place.dataset.catalogue;
  const title = document.title;
  let current = ""; // the case in view
  let observations = null;
  let left = 0; // where the reader was in the list

  function fill(info) {
    const rows = data.groups.get(info.name) ?? [];
    observations = observationsOf(info, rows, data, order, catalogue);
    const choose = (line, where, dtype) => {
      const [check, framework] = line.split("\n");
      const [mode, device] = where.split(", ");
      const wanted = { check, framework, mode, device, dtype };
      observations.show((row) => Object.entries(wanted).every(([c, v]) => data.at(c, row) === v),
        `of ${info.name}: ${check} of ${framework}, ${dtype}, ${where}`);
      observations.table.focus();
      observations.table.scrollIntoView({ block: "nearest" });
    };
    const skipped = [...new Set(rows.filter((r) => data.at("outcome", r) === "skipped").map((r) => data.at("reason", r)))];
    const reference = (info.reference ?? []).map((key) => functions[key]);
    const conversion = Object.entries(info.conversion ?? {}).flatMap(([layer, how]) => [
      element("p", {}, element("strong", {}, `${layer}: `), how),
      code(`from conformance.weights import keras_to_torch, torch_to_keras\n\nstate = keras_to_torch("${layer}", layer.get_weights())`
        + `\nmodule.load_state_dict({name: torch.tensor(w) for name, w in state.items()})`
        + `\nlayer.set_weights(torch_to_keras("${layer}", {name: w.numpy() for name, w in module.state_dict().items()}))`)]);
    const samples = (info.samples ?? []).flatMap((s, i) => [i ? ", " : "Samples: ", element("code", {}, s)]);
    const pictures = byId(`run/${info.name}`) ? [element("p", {}, element("a", { href: `#run/${info.name}` }, "Pictures of its training"))] : [];
    const failed = rows.some((r) => data.at("outcome", r) === "failed") ? [element("p", {}, element("a", { href: "#failures" }, "Failures, with programs that reproduce them"))] : [];
    place.replaceChildren(
      element("p", {}, element("a", { href: "#cases" }, "\u2190 All cases")),
      element("h2", { tabIndex: -1 }, info.name, element("small", {}, kindOf(info))),
      element("p", { className: "outcomes" }, ...outcomesOf(summaryOf(rows, data), data)),
      ...failed, ...pictures, ...(info.summary ? summary(info.summary) : reference.slice(0, 1).map(code)),
      ...((info.sources ?? []).length ? [listOf(info.sources)] : []),
      ...part("Routes", ...routesOf(info, functions)),
      ...part("Scores", ...matrixOf(info, rows, data, choose), ...skipped.map((why) => element("p", {}, `Not run: checks that ${why}.`))),
      ...part("Known divergences", ...divergencesOf(rows, data, divergences, catalogue)),
      ...part("Weights from one to the other", ...conversion),
      ...part("Accuracy over the whole range", ...accuracyOf(info, atlas)),
      ...part("Benchmark", ...timingsOf(info, timings)),
      ...part("Reference", ...(reference.length ? [code(reference.join("\n\n\n"))] : [])),
      ...part("Observations", element("p", {}, ...samples), ...observations.parts),
    );
    current = info.name;
  }

  function follow(event) {
    const id = fragment();
    const [view, name, ...key] = location.hash.slice(1).split("/");
    const info = view === "case" && cases.find((c) => c.name === name);
    const was = !place.hidden;
    if (info && !was) left = scrollY;
    place.hidden = !info;
    document.body.classList.toggle("one", Boolean(info));
    if (!info) {
      document.title = title;
      if (!was || !event) return;
      byId(id)?.scrollIntoView();
      if (id === "cases" && left) scrollTo(0, left);
      return;
    }
    if (current !== info.name) fill(info);
    document.title = `${info.name}: ${title}`;
    const line = key.length && (byId(id) ?? byId(location.hash.slice(1)));
    if (line) {
      place.querySelector("tr.chosen")?.classList.remove("chosen");
      line.classList.add("chosen");
      line.scrollIntoView({ block: "center" });
      line.querySelector("a")?.focus({ preventScroll: true });
    } else if (!key.length) {
      scrollTo(0, 0);
      place.querySelector("h2").focus({ preventScroll: true });
    }
  }

  addEventListener("hashchange", follow);
  follow();
}
