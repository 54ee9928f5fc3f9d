"use strict";
for (const root of document.querySelectorAll(".cp-picture:not(.cp-live)")) {
  const find = (what) => root.querySelector(what);
  const data = JSON.parse(find(".cp-data").textContent);
  const svg = find(".cp-svg"), view = find(".cp-view"), labels = find(".cp-labels"), panel = find(".cp-figures");
  const shapes = [...find(".cp-nodes").children], paths = [...find(".cp-links").children];
  const nodes = data.nodes.map(([name, kind, x, y, halfX, halfY, sign, figures, story, moves], i) =>
    ({ name, kind: data.kinds[kind], titles: data.titles[kind], x, y, halfX, halfY, sign, figures, story, moves, out: [], into: [], shape: shapes[i] }));
  const links = data.links.map(([tail, head, ...figures], i) => ({ tail, head, figures, path: paths[i] }));
  links.forEach((link) => { nodes[link.tail].out.push(link); nodes[link.head].into.push(link); });
  const [wide, high] = data.size;
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  let zoom = 1, left = 0, top = 0, current = data.order[0], traced = null, chosen = null, factors = new Map();
  root.classList.add("cp-live");
  root.querySelectorAll("[hidden]").forEach((part) => { part.hidden = false; });
  // What has parts to walk through is a group of buttons, no longer one image.
  svg.setAttribute("role", "group");

  const element = (name, text, ...children) => {
    const made = document.createElement(name);
    if (text) made.textContent = text;
    made.append(...children);
    return made;
  };
  const clamp = (value, least, most) => Math.min(Math.max(value, least), most);
  const named = (text) => element("bdi", text);
  const drawn = (name, attributes, text) => {
    const made = document.createElementNS(svg.namespaceURI, name);
    for (const key in attributes) made.setAttribute(key, attributes[key]);
    if (text) made.textContent = text;
    return made;
  };

  /* Labels keep their size on the screen: whatever fits at this zoom, what is chosen or traced first. */
  const pen = document.createElement("canvas").getContext("2d");
  const widths = new Map();
  const widthOf = (text) => {
    if (!widths.has(text)) widths.set(text, pen.measureText(text).width);
    return widths.get(text);
  };
  function label() {
    const matrix = svg.getScreenCTM();
    if (!matrix) return;
    const scale = matrix.a || 1, size = 12 / scale;
    pen.font = "12px " + getComputedStyle(svg).fontFamily;
    const frame = svg.getBoundingClientRect();
    const [x0, y0] = [(frame.left - matrix.e) / scale, (frame.top - matrix.f) / scale];
    const [x1, y1] = [x0 + frame.width / scale, y0 + frame.height / scale];
    const cells = new Map(), side = 60 / scale;
    const over = (box, visit) => {
      for (let i = Math.floor(box[0] / side); i <= Math.floor(box[2] / side); i++)
        for (let j = Math.floor(box[1] / side); j <= Math.floor(box[3] / side); j++)
          if (visit(i + "," + j)) return true;
      return false;
    };
    const add = (box) => { over(box, (cell) => { cells.has(cell) || cells.set(cell, []); cells.get(cell).push(box); }); };
    const taken = (box) => over(box, (cell) => (cells.get(cell) || []).some((other) =>
      box[0] < other[2] && other[0] < box[2] && box[1] < other[3] && other[1] < box[3]));
    const place = ({ x, y }) => [x * zoom + left, y * zoom + top];
    const seen = data.order.filter((i) => {
      const [x, y] = place(nodes[i]);
      if (x < x0 || x > x1 || y < y0 || y > y1) return false;
      add([x - nodes[i].halfX * zoom, y - nodes[i].halfY * zoom, x + nodes[i].halfX * zoom, y + nodes[i].halfY * zoom]);
      return true;
    });
    const first = [chosen, ...factors.keys()].filter((i) => i !== null);
    const made = [];
    for (const i of new Set([...first.filter((i) => seen.includes(i)), ...seen])) {
      const node = nodes[i], must = first.includes(i);
      if (traced !== null && !must) continue;
      const sign = factors.get(i) ?? node.sign, lines = sign ? 2 : 1;
      const long = (Math.max(widthOf(node.name), widthOf(sign)) + 6) / scale, tall = 14 * lines / scale;
      const [x, y] = place(node), dx = node.halfX * zoom + 5 / scale, dy = node.halfY * zoom + 4 / scale;
      // What must be seen may stand a line or more away, and any label draws in from the edge.
      const middle = clamp(x - long / 2, x0, x1 - long);
      const away = must ? [0, 1, 2, 3] : [0];
      const options = [...away.flatMap((n) => [["middle", middle, y + dy + n * tall], ["middle", middle, y - dy - (n + 1) * tall]]), ["start", x + dx, y - tall / 2], ["end", x - dx - long, y - tall / 2]]
        .filter(([, a, b]) => a >= x0 && b >= y0 && a + long <= x1 && b + tall <= y1);
      const option = options.find(([, a, b]) => !taken([a, b, a + long, b + tall])) ?? (must ? options[0] : undefined);
      if (!option) continue;
      const [anchor, a, b] = option;
      add([a, b, a + long, b + tall]);
      const at = anchor === "middle" ? a + long / 2 : anchor === "start" ? a + 2 / scale : a + long - 2 / scale;
      const text = drawn("text", { x: at, y: b + 10.5 / scale, "text-anchor": anchor, "font-size": size }, node.name);
      if (sign) text.append(drawn("tspan", { class: factors.has(i) ? "cp-factor" : "cp-sign", x: at, dy: 14 / scale }, sign));
      made.push(text);
    }
    labels.replaceChildren(...made);
  }
  let waiting = false;
  function draw() {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      view.setAttribute("transform", `translate(${left} ${top}) scale(${zoom})`);
      root.classList.toggle("cp-zoomed", zoom > 1);
      label();
    });
  }

  /* Zoom and pan, within the picture. */
  function moveTo(wanted, x, y) {
    zoom = clamp(wanted, 1, 40);
    const rest = 0.5 * (zoom > 1);
    left = clamp(x, wide * (1 - rest) - wide * zoom, wide * rest);
    top = clamp(y, high * (1 - rest) - high * zoom, high * rest);
    draw();
  }
  function zoomAt(factor, x = wide / 2, y = high / 2) {
    const next = clamp(zoom * factor, 1, 40);
    moveTo(next, x - (x - left) * next / zoom, y - (y - top) * next / zoom);
  }
  let gliding = 0;
  function glide(wanted, x, y) {
    cancelAnimationFrame(gliding);
    if (still.matches) return moveTo(wanted, x, y);
    const from = [zoom, left, top], begun = performance.now();
    const step = (now) => {
      const part = clamp((now - begun) / 250, 0, 1), ease = part * (2 - part);
      moveTo(...[wanted, x, y].map((to, i) => from[i] + (to - from[i]) * ease));
      if (part < 1) gliding = requestAnimationFrame(step);
    };
    gliding = requestAnimationFrame(step);
  }
  const show = (node, least) => {
    const next = Math.max(zoom, least);
    glide(next, wide / 2 - node.x * next, high / 2 - node.y * next);
  };
  const inside = (node) => {
    const [x, y] = [node.x * zoom + left, node.y * zoom + top];
    return x > 0 && x < wide && y > 0 && y < high;
  };
  const point = (event) => new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
  svg.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const at = point(event);
    zoomAt(Math.exp(-event.deltaY / 300), at.x, at.y);
  }, { passive: false });
  const fingers = new Map();
  let dragged = false;
  svg.addEventListener("pointerdown", (event) => {
    fingers.set(event.pointerId, point(event));
    dragged = false;
  });
  svg.addEventListener("pointermove", (event) => {
    const before = fingers.get(event.pointerId);
    if (!before) return;
    const now = point(event), others = [...fingers].filter(([id]) => id !== event.pointerId).map(([, at]) => at);
    if (others.length) {
      const gap = (at) => Math.hypot(at.x - others[0].x, at.y - others[0].y);
      zoomAt(gap(now) / Math.max(gap(before), 1), others[0].x, others[0].y);
    } else if (dragged || Math.hypot(now.x - before.x, now.y - before.y) > 3) {
      if (!dragged) svg.setPointerCapture(event.pointerId);
      if (zoom > 1) moveTo(zoom, left + now.x - before.x, top + now.y - before.y);
    } else return;
    dragged = true;
    fingers.set(event.pointerId, now);
  });
  for (const end of ["pointerup", "pointercancel", "pointerleave"]) svg.addEventListener(end, (event) => fingers.delete(event.pointerId));
  const zooms = { in: () => zoomAt(1.5), out: () => zoomAt(1 / 1.5), all: () => glide(1, 0, 0) };
  root.querySelectorAll("[data-zoom]").forEach((button) => button.addEventListener("click", zooms[button.dataset.zoom]));

  /* Figures in the panel. */
  function terms(titles, figures) {
    const list = element("dl");
    const units = { Price: "in", Derivative: "in" }, hidden = ["in", "Unit"];
    const of = (title) => figures[titles.indexOf(title)] || "";
    titles.forEach((title, i) => {
      if (!figures[i] || hidden.includes(title)) return;
      const unit = units[title] ? of(units[title]) : titles.includes("Unit") ? of("Unit") : "";
      list.append(element("dt", title), element("dd", "", named(figures[i] + (unit ? " " + unit : ""))));
    });
    return list;
  }
  function heading(text, kind) {
    return element("h3", "", named(text), element("small", kind));
  }
  function listed(title, those, other) {
    if (!those.length) return [];
    const sorted = [...those].sort((a, b) => thick(b) - thick(a)).slice(0, 8);
    const lines = sorted.flatMap((link) => [
      element("dt", "", named(nodes[link[other]].name)), element("dd", [link.figures[0], link.figures[1] && `(${link.figures[1]})`, link.figures[2] && "worth " + link.figures[2]].filter(Boolean).join(" "))]);
    const more = those.length - sorted.length;
    return [element("p", title + (more ? `, and ${more} more:` : ":")), element("dl", "", ...lines)];
  }
  function tell(i) {
    const node = nodes[i];
    const parts = [heading(node.name, node.kind)];
    if (node.story) parts.push(element("p", "", element("strong", "Price "), named(node.story + ".")));
    parts.push(terms(node.titles, node.figures));
    panel.replaceChildren(...parts, ...listed("From", node.into, "tail"), ...listed("To", node.out, "head"));
  }
  const spoken = (node) => [node.name, node.kind, ...node.titles.map((title, i) => node.figures[i] && !["in", "Unit", "Firm"].includes(title) ? title + " " + node.figures[i] : "")].filter(Boolean).join(", ");

  /* What moves with one more of a good: the nodes, each with how, and the links between them. */
  function trace(i) {
    traced = i !== null && nodes[i].moves.length ? i : null;
    factors = new Map(traced === null ? [] : [[i, nodes[i].sign], ...nodes[i].moves]);
    root.classList.toggle("cp-dim", traced !== null);
    const on = new Set(factors.keys());
    nodes.forEach((node, n) => {
      const between = node.into.some((link) => factors.has(link.tail)) && node.out.some((link) => factors.has(link.head));
      if (between && node.kind === "good") on.add(n);
    });
    links.forEach((link) => link.path.classList.toggle("cp-on", on.has(link.tail) && on.has(link.head)));
    nodes.forEach((node, n) => {
      node.shape.classList.toggle("cp-on", on.has(n));
      if (node.moves.length) node.shape.setAttribute("aria-pressed", String(n === traced));
    });
    if (i !== null) tell(i);
    draw();
  }
  function choose(i) {
    shapes[current].setAttribute("tabindex", "-1");
    if (chosen !== null) shapes[chosen].classList.remove("cp-chosen");
    current = chosen = i;
    shapes[i].setAttribute("tabindex", "0");
    shapes[i].classList.add("cp-chosen");
    if (traced === null || traced === i) tell(i);
    draw();
  }

  nodes.forEach((node, i) => {
    node.shape.setAttribute("role", "button");
    node.shape.setAttribute("tabindex", i === current ? "0" : "-1");
    node.shape.setAttribute("aria-label", spoken(node));
    if (node.moves.length) node.shape.setAttribute("aria-pressed", "false");
  });
  const nodeOf = (event) => shapes.indexOf(event.target.closest?.(".cp-nodes > g"));
  svg.addEventListener("pointerover", (event) => {
    const i = nodeOf(event), link = links[paths.indexOf(event.target)];
    if (fingers.size || traced !== null) return;
    if (i >= 0) tell(i);
    else if (link) panel.replaceChildren(heading(nodes[link.tail].name + " → " + nodes[link.head].name, "link"), terms(data.link, link.figures));
  });
  svg.addEventListener("click", (event) => {
    if (dragged) return;
    const i = nodeOf(event);
    if (i < 0) return trace(null);
    choose(i);
    trace(traced === i ? null : i);
    shapes[i].focus({ preventScroll: true });
  });
  svg.addEventListener("focusin", (event) => { const i = nodeOf(event); if (i >= 0 && i !== chosen) choose(i); });
  const thick = (link) => Number(link.path.getAttribute("stroke-width") ?? 0);
  const heaviest = (those, end) => those.length ? those.reduce((a, b) => thick(b) > thick(a) ? b : a)[end] : undefined;
  const beside = (down) => {
    const here = nodes[current];
    const same = nodes.map((node, i) => [node.y, i]).filter(([, i]) => Math.abs(nodes[i].x - here.x) < 1).sort((a, b) => a[0] - b[0]).map(([, i]) => i);
    return same[same.indexOf(current) + (down ? 1 : -1)];
  };
  const keys = {
    ArrowRight: () => heaviest(nodes[current].out, "head"), ArrowLeft: () => heaviest(nodes[current].into, "tail"),
    ArrowDown: () => beside(true), ArrowUp: () => beside(false), Home: () => data.order[0],
    // By value, so that nothing is out of reach.
    PageDown: () => data.order[data.order.indexOf(current) + 1], PageUp: () => data.order[data.order.indexOf(current) - 1], End: () => data.order[data.order.length - 1],
  };
  svg.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key in keys) {
      const next = keys[event.key]();
      if (next !== undefined) {
        shapes[next].focus({ preventScroll: true });
        if (!inside(nodes[next])) show(nodes[next], zoom);
      }
    } else if (event.key === "Enter" || event.key === " ") trace(traced === current ? null : current);
    else if (event.key === "Escape") trace(null);
    else if (event.key === "+" || event.key === "=") zoomAt(1.5, nodes[current].x * zoom + left, nodes[current].y * zoom + top);
    else if (event.key === "-") zoomAt(1 / 1.5);
    else if (event.key === "0") zooms.all();
    else return;
    event.preventDefault();
  });

  /* Search: what matches stands out; Enter goes to the first. */
  const box = find(".cp-find"), count = find(".cp-found");
  box.addEventListener("focus", () => {
    find("datalist").replaceChildren(...nodes.map((node) => { const option = element("option"); option.value = node.name; return option; }));
  }, { once: true });
  const matches = () => {
    const wanted = box.value.trim().toLowerCase();
    if (!wanted) return [];
    const rank = (i) => { const name = nodes[i].name.toLowerCase(); return name === wanted ? 0 : name.startsWith(wanted) ? 1 : 2; };
    return data.order.filter((i) => nodes[i].name.toLowerCase().includes(wanted)).sort((a, b) => rank(a) - rank(b));
  };
  box.addEventListener("input", () => {
    const found = matches();
    trace(null);
    root.classList.toggle("cp-dim", found.length > 0);
    nodes.forEach((node, i) => node.shape.classList.toggle("cp-on", found.includes(i)));
    factors = new Map(found.slice(0, 30).map((i) => [i, nodes[i].sign]));
    count.textContent = box.value.trim() === "" ? "" : found.length === 1 ? "1 found" : `${found.length || "none"} found`;
    if (found.length) tell(found[0]);
    draw();
  });
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    const [first] = matches();
    if (first === undefined) return;
    event.preventDefault();
    choose(first);
    if (nodes.length > 60) show(nodes[first], 3);
    shapes[first].focus({ preventScroll: true });
  });
  new ResizeObserver(draw).observe(svg);
  draw();
}
