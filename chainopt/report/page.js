"use strict";
for (const table of document.querySelectorAll("table.sortable")) {
  const headers = [...table.tHead.rows[0].cells];
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
      const order = (row) => row.cells[at].dataset.order ?? row.cells[at].textContent;
      for (const body of table.tBodies) {
        const rows = [...body.rows].filter((row) => !row.classList.contains("group"));
        rows.sort((a, b) => {
          const [x, y] = [order(a), order(b)];
          if (x === "" || y === "") return (x === "") - (y === "");
          const less = numeric ? Number(x) - Number(y) : x.localeCompare(y);
          return down ? -less : less;
        });
        body.append(...rows);
      }
    });
  });
}
for (const input of document.querySelectorAll("input[data-table]")) {
  const table = document.getElementById(input.dataset.table);
  const count = document.getElementById(input.dataset.table + "-count");
  input.closest(".tools").hidden = false;
  input.addEventListener("input", () => {
    const wanted = input.value.trim().toLowerCase();
    let left = 0;
    for (const body of table.tBodies) {
      const group = body.querySelector("tr.group");
      const whole = group !== null && group.textContent.toLowerCase().includes(wanted);
      let any = 0;
      for (const row of body.rows) {
        if (row === group) continue;
        row.hidden = !whole && !row.textContent.toLowerCase().includes(wanted);
        any += !row.hidden;
      }
      if (group !== null) group.hidden = any === 0;
      left += any;
    }
    count.textContent = wanted === "" ? "" : left + (left === 1 ? " row" : " rows");
  });
}
