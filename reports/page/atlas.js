// Sorting and searching; the table speaks without them.

const table = byId("atlas");
const body = table.tBodies[0];
const heads = [...table.tHead.rows[0].cells];
const texts = new Map([...body.rows].map((row) => [row, row.textContent.toLowerCase()]));

function valueOf(row, i) {
  const cell = row.cells[i];
  if (!cell) return "";
  return "value" in cell.dataset ? Number(cell.dataset.value) : cell.textContent;
}

heads.forEach((head, i) => {
  const button = element("button", { type: "button" }, head.textContent);
  head.replaceChildren(button);
  button.addEventListener("click", () => {
    const sorted = head.getAttribute("aria-sort");
    const down = sorted ? sorted === "ascending" : head.classList.contains("number");
    heads.forEach((h) => h.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const sign = down ? -1 : 1;
    const rows = [...body.rows].map((row) => [valueOf(row, i), row]);
    rows.sort(([a], [b]) => sign * (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b))));
    body.append(...rows.map(([, row]) => row));
  });
});

function showRows() {
  const words = wordsOf(byId("search").value);
  const dtype = byId("dtype").value;
  let n = 0;
  for (const [row, text] of texts) {
    row.hidden = (dtype && row.dataset.dtype !== dtype) || !words.every((word) => text.includes(word));
    n += !row.hidden;
  }
  byId("count").textContent = `${n} of ${counted(texts.size, "row")}`;
}

byId("filter").addEventListener("input", showRows);
byId("filter").addEventListener("submit", (event) => event.preventDefault());
byId("filter").hidden = false;
showRows();
