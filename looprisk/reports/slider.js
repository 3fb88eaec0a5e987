"use strict";
/* D: what the page knows. Every loss is a line between neighbouring knots, so a position is
   evaluated and never sampled. At a jump the left side holds, as in the solver. */
const byId = (id) => document.getElementById(id);
const every = (selector) => [...document.querySelectorAll(selector)];
const numbers = (text) => text.split(" ").map(Number);
const MINUS = "\u2212";

function at(curve, f) {
  const [x, y] = curve;
  if (f <= x[0]) return y[0];
  for (let i = 1; i < x.length; i++) {
    if (f <= x[i]) {
      const wide = x[i] - x[i - 1];
      return wide === 0 ? y[i] : y[i - 1] + ((f - x[i - 1]) / wide) * (y[i] - y[i - 1]);
    }
  }
  return y[y.length - 1];
}
const fixed = (value, digits) => {
  const size = Math.abs(value), sign = value < 0 ? MINUS : "";
  if (size === 0) return "0";
  const text = size.toFixed(digits);
  return Number(text) === 0 ? `${sign}<${(10 ** -digits).toFixed(digits)}` : sign + text;
};
const share = (part, digits) => {
  let text = fixed(part * 100, digits);
  if (part < 1 && part > 0 && text === (100).toFixed(digits)) {
    text = ">" + (100 - 10 ** -digits).toFixed(digits);
  }
  return text + "%";
};
function money(value) {
  const size = Math.abs(value), sign = value < 0 ? MINUS : "";
  if (D.cents && size < 1e4) return sign + (size === 0 ? "$0" : "$" + fixed(size, 2));
  if (size === 0) return "$0";
  if (size < 1e3) return sign + "<$1k";
  if (size < 999500) return `${sign}$${(size / 1e3).toFixed(0)}k`;
  if (size < 999950000) return `${sign}$${(size / 1e6).toFixed(1)}M`;
  return `${sign}$${(size / 1e9).toFixed(2)}B`;
}
const place = (value) =>
  D.unit === "usd" ? money(value) : D.unit === "price" ? "$" + value.toFixed(4) : share(value, 2);
const value = (f) => D.start + f * (D.full - D.start);
const claim = (id, f) => (D.claims[id] ? at(D.claims[id], f) : 0);
const row = (one, f) => one.c.reduce((sum, k) => sum + at(D.curves[k], f), 0);

function state(f) {
  const rows = D.rows.map((one) => row(one, f));
  const claims = Object.fromEntries(Object.keys(D.claims).map((id) => [id, claim(id, f)]));
  return { f, value: value(f), rows, claims, total: rows.reduce((a, b) => a + b, 0) };
}
const say = (node, words) => {
  // text nodes only: a name is never markup; hints inside the mark stay
  for (const child of [...node.childNodes]) if (child.nodeType === 3) child.remove();
  node.prepend(document.createTextNode(words));
};
const set = (node, key, number) => node.setAttribute(key, String(Math.round(number * 100) / 100));
const reached = (position, now) =>
  D.full >= D.start ? now.value > position : now.value < position;

function pyramid(now) {
  for (const mark of every("rect[data-k]")) {
    const lost = Math.max(0, lossOf(mark, now)), start = Number(mark.dataset.s);
    set(mark, "height", Number(mark.dataset.h) * Math.min(1, lost / start));
  }
  for (const mark of every("text[data-k]")) {
    const lost = Math.max(0, lossOf(mark, now)), start = Number(mark.dataset.s);
    const part = lost / start;
    const told = lost <= 0 ? "" : part >= 1 - 1e-12 ? ", gone" : `, lost ${share(part, 1)}`;
    for (const words of [money(start) + told, told.slice(2), money(start), ""]) {
      say(mark, words);
      if (mark.getComputedTextLength() <= Number(mark.dataset.r) + 1) break;
    }
  }
  for (const mark of every("path[data-b]")) {
    const open = mark.classList.contains("hid") || mark.classList.contains("k-ink");
    const broken = reached(Number(mark.dataset.b), now);
    mark.setAttribute("class", open ? (broken ? "hid" : "k-ink") : broken ? "f-loss" : "f-paper");
  }
  for (const mark of every("text[data-b]")) {
    mark.setAttribute("class", reached(Number(mark.dataset.b), now) ? "b tl" : "b");
  }
  for (const mark of every("text[data-n]")) {
    const broken = numbers(mark.dataset.n).filter((b) => reached(b, now)).length;
    say(mark, mark.firstChild.data.replace(/^\d+/, String(broken)));
  }
}
const lossOf = (mark, now) =>
  JSON.parse(mark.dataset.k).reduce((sum, [id, part]) => sum + part * (now.claims[id] || 0), 0);

function ladder(now) {
  for (const mark of every("[data-cur]")) {
    const [low, high, start, end] = numbers(mark.dataset.cur);
    const free = low + ((now.value - start) / (end - start)) * (high - low);
    const x = Math.min(high, Math.max(low, free));
    if (mark.tagName === "line") {
      set(mark, "x1", x);
      set(mark, "x2", x);
    } else {
      say(mark, `now ${place(now.value)}`);
      set(mark, "x", Math.min(Math.max(x, 60), 700));
    }
  }
}
function waterfall(now) {
  const whole = document.querySelector("[data-axis]");
  if (!whole) return;
  const [low, high, start, end, unit] = numbers(whole.dataset.axis);
  const x = (usd) => low + ((usd - start) / (end - start)) * (high - low);
  const small = Math.max(...now.rows.map(Math.abs), Math.abs(now.total)) * 1e-12;
  const put = (node, usd) => say(node, fixed((Math.abs(usd) <= small ? 0 : usd) / unit, 2));
  set(whole, "x", Math.min(x(0), x(now.total)));
  set(whole, "width", Math.abs(x(now.total) - x(0)));
  for (const mark of every("[data-total]")) put(mark, now.total);
  let level = now.total;
  now.rows.forEach((loss, i) => {
    const left = level - loss, start_ = D.rows[i].s;
    const bar = document.querySelector(`[data-w="${i}"]`);
    set(bar, "x", Math.min(x(level), x(left)));
    set(bar, "width", Math.abs(loss) <= small ? 0 : Math.max(1, Math.abs(x(level) - x(left))));
    bar.setAttribute("class", loss >= 0 ? "f-loss" : "f-value");
    put(document.querySelector(`[data-v="${i}"]`), loss);
    const part = document.querySelector(`[data-p="${i}"]`);
    say(part, start_ > 0 ? share(Math.abs(loss) <= small ? 0 : loss / start_, 1) : "\u2013");
    const tie = document.querySelector(`[data-c="${i}"]`);
    set(tie, "x1", x(level));
    set(tie, "x2", x(level));
    level = left;
  });
}
function sentence(now) {
  const claims = D.rows.map((one, i) => [one, now.rows[i]]).filter(([one]) => one.k === "claim");
  const most = claims.reduce((a, b) => (b[1] > a[1] ? b : a), [null, 0]);
  if (!most[0]) return "Nobody outside loses.";
  const rest = claims.reduce((sum, [one, loss]) => sum + (one === most[0] ? 0 : loss), 0);
  const others = claims.some(([one, loss]) => one !== most[0] && loss !== 0);
  const more = !others ? "nobody else loses"
    : rest < 0 ? `everybody else gains ${money(-rest)}` : `everybody else ${money(rest)}`;
  return `${most[0].n} ${most[0].v} ${money(most[1])}, ${more}.`;
}
function next(now) {
  const found = D.breaks.find((b) => b.f >= now.f);
  if (!found) return `No further break up to ${place(value(D.end))}.`;
  const away = Math.abs(value(found.f) - now.value);
  return `Next: ${found.w}, ${D.unit === "fraction" ? share(away, 2) : place(away)} away.`;
}
function show(f) {
  const now = state(f);
  pyramid(now);
  ladder(now);
  waterfall(now);
  const words = sentence(now);
  say(byId("say"), words);
  say(byId("next"), next(now));
  byId("s").value = String(f);
  byId("s").setAttribute("aria-valuetext", `${place(now.value)}: ${words}`);
  byId("n").value = String(Number((now.value / D.factor).toPrecision(12)));
  D.now = now;
}
const bounded = (f) => Math.min(D.end, Math.max(0, f));
const share_ = () => location.replace(`#loss=${byId("n").value}`);
const fraction = (typed) => bounded((typed * D.factor - D.start) / (D.full - D.start));
byId("s").addEventListener("input", (event) => show(bounded(Number(event.target.value))));
byId("s").addEventListener("change", share_);
byId("n").addEventListener("change", (event) => {
  show(fraction(Number(event.target.value)));
  share_();
});
for (const button of every("[data-go]")) {
  button.addEventListener("click", () => {
    show(Number(button.dataset.go));
    share_();
  });
}
const asked = /^#loss=(-?[\d.eE+-]+)$/.exec(location.hash);
show(asked && Number.isFinite(Number(asked[1])) ? fraction(Number(asked[1])) : Math.min(1, D.end));
