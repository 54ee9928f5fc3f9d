"use strict";
for (const theme of document.querySelectorAll(".theme")) {
  const root = document.documentElement, system = matchMedia("(prefers-color-scheme: dark)");
  const dark = () => (root.dataset.theme ?? (system.matches ? "dark" : "light")) === "dark";
  const name = () => { theme.textContent = dark() ? "Light" : "Dark"; theme.ariaLabel = theme.textContent + " colours"; };
  theme.addEventListener("click", () => { root.dataset.theme = dark() ? "light" : "dark"; name(); });
  system.addEventListener("change", name);
  name();
  theme.hidden = false;
}

/* A cell's figure in full, where its text has fewer digits; what only brings points under each other is no text. */
const shown = (cell) => (cell.querySelector("bdi") ?? cell.firstChild)?.textContent ?? "";
const full = (cell) => "n" in cell.dataset ? cell.dataset.n || shown(cell).replaceAll(",", "") : shown(cell);
const number = (text) => Number(text.replace("inf", "Infinity"));
const said = (table, text) => { document.getElementById(table.id + "-said").textContent = text; };
const table = (id) => document.getElementById(id);

for (const sorted of document.querySelectorAll("table.sortable")) {
  const headers = [...sorted.tHead.rows[0].cells];
  headers.forEach((header, at) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...header.childNodes);
    header.append(button);
    button.addEventListener("click", () => {
      const numeric = header.classList.contains("number");
      const now = header.getAttribute("aria-sort");
      const down = now === null ? numeric : now === "ascending";
      headers.forEach((other) => other.removeAttribute("aria-sort"));
      header.setAttribute("aria-sort", down ? "descending" : "ascending");
      for (const body of sorted.tBodies) {
        const rows = [...body.rows].filter((row) => !row.classList.contains("group"));
        const keys = new Map(rows.map((row) => [row, full(row.cells[at])]));
        rows.sort((a, b) => {
          const [x, y] = [keys.get(a), keys.get(b)];
          if (x === "" || y === "") return (x === "") - (y === "");
          const less = numeric ? number(x) - number(y) || 0 : x.localeCompare(y);
          return down ? -less : less;
        });
        body.append(...rows);
      }
    });
  });
}

for (const input of document.querySelectorAll("input[data-table]")) {
  const searched = table(input.dataset.table);
  const text = (row) => [...row.cells].map(shown).join("\n").toLowerCase();
  input.addEventListener("input", () => {
    const wanted = input.value.trim().toLowerCase();
    let left = 0;
    for (const body of searched.tBodies) {
      const group = body.querySelector("tr.group");
      const whole = group !== null && text(group).includes(wanted);
      let any = 0;
      for (const row of body.rows) {
        if (row === group) continue;
        row.hidden = !whole && !text(row).includes(wanted);
        any += !row.hidden;
      }
      if (group !== null) group.hidden = any === 0;
      left += any;
    }
    said(searched, wanted === "" ? "" : left + (left === 1 ? " row" : " rows"));
  });
}

for (const button of document.querySelectorAll("button[data-whole]")) {
  button.addEventListener("click", () => {
    const long = table(button.dataset.whole).closest(".scroll").classList.toggle("long");
    button.ariaPressed = String(!long);
    reachable();
  });
}

/* RFC 4180; a text that a spreadsheet would take for a formula begins with an apostrophe. */
const field = (text) => /[",\r\n]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text;
const safe = (text) => /^[=+\-@\t\r]/.test(text) ? "'" + text : text;
function csv(copied) {
  const line = (fields) => fields.map(field).join(",") + "\r\n";
  const grouped = copied.dataset.group;
  const value = (cell) => "n" in cell.dataset ? full(cell) : safe(full(cell));
  const heads = [...copied.tHead.rows[0].cells].map((cell) => cell.textContent);
  let text = line(grouped ? [grouped, ...heads] : heads), count = 0;
  for (const body of copied.tBodies) {
    const group = body.querySelector("tr.group");
    for (const row of body.rows) {
      if (row === group || row.hidden) continue;
      const fields = [...row.cells].map(value);
      text += line(grouped ? [group ? safe(shown(group.cells[0])) : "", ...fields] : fields);
      count += 1;
    }
  }
  return [text, count];
}
for (const button of document.querySelectorAll("button[data-copy]")) {
  const copied = table(button.dataset.copy);
  button.addEventListener("click", async () => {
    const [text, count] = csv(copied);
    const done = count + (count === 1 ? " row copied" : " rows copied");
    const tools = button.closest(".tools");
    tools.querySelector("textarea")?.remove();
    try {
      await navigator.clipboard.writeText(text);
      said(copied, done);
    } catch {
      /* A page opened from disk may not have that clipboard. */
      const area = document.createElement("textarea");
      area.value = text;
      area.readOnly = true;
      area.ariaLabel = "The table as CSV";
      tools.append(area);
      area.select();
      if (document.execCommand("copy")) {
        area.remove();
        button.focus();
        said(copied, done);
      } else said(copied, "The browser does not let a page copy: copy the text below.");
    }
  });
}
for (const tools of document.querySelectorAll(".tools")) tools.hidden = false;

/* Only a table that can be scrolled is a stop of the tab key. */
function reachable() {
  for (const box of document.querySelectorAll(".scroll")) {
    box.tabIndex = box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight ? 0 : -1;
  }
}
addEventListener("resize", reachable);
for (const details of document.querySelectorAll("details.whole")) details.addEventListener("toggle", reachable);
reachable();

/* A chart is one stop of the tab key; the arrow keys go from point to point. */
for (const chart of document.querySelectorAll("svg.points")) {
  const points = [...chart.querySelectorAll(".point")];
  const across = [...points].sort((a, b) => a.cx.baseVal.value - b.cx.baseVal.value);
  const tip = chart.parentElement.querySelector(".tip");
  const hint = "Point at a dot, or go from dot to dot by the arrow keys, to read its figures.";
  const tell = (point) => { tip.textContent = point.querySelector("title").textContent; };
  tip.textContent = hint;
  points.forEach((point) => {
    point.setAttribute("role", "img");
    point.setAttribute("tabindex", point === across[0] ? 0 : -1);
    point.addEventListener("focus", () => tell(point));
    point.addEventListener("pointerenter", () => tell(point));
    point.addEventListener("blur", () => { tip.textContent = hint; });
    point.addEventListener("pointerleave", () => { tip.textContent = hint; });
  });
  chart.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
    const at = across.indexOf(document.activeElement);
    if (step === undefined || at < 0) return;
    event.preventDefault();
    const next = across[Math.min(Math.max(at + step, 0), across.length - 1)];
    across[at].setAttribute("tabindex", -1);
    next.setAttribute("tabindex", 0);
    next.focus();
  });
}
